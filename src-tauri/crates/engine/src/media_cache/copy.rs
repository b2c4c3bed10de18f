//! Copies that are there: shown, played, saved.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use backscroll_media::{FileKind, HEAD_BYTES, ImageKind, clean_file_name, extension_of, sniff};
use backscroll_model::{AttachmentId, ErrorCode, MessageKind};
use backscroll_store as db;

use super::shelf::Folder;
use crate::{
    errors::{io_error, store_error, user_error},
    inner::{Inner, Result},
};

/// A copy on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaCopy {
    /// Where it is. The web view never sees it.
    pub file: PathBuf,
    /// What it is, told by its bytes.
    pub mime: String,
    /// Bytes.
    pub size: u64,
}

/// The picture behind a path: bytes and type.
pub(crate) async fn read(inner: &Arc<Inner>, path: &str) -> Result<Option<(Vec<u8>, String)>> {
    let Some((folder, file)) = inner.shelf.file(path) else { return Ok(None) };
    if folder == Folder::Files {
        return Ok(None);
    }
    let (holder, now) = (Arc::clone(inner), inner.now());
    let read = tokio::task::spawn_blocking(move || -> io::Result<Vec<u8>> {
        let bytes = std::fs::read(&file)?;
        holder.shelf.used(&file, now);
        Ok(bytes)
    });
    match read.await.unwrap_or_else(|_| Err(io::ErrorKind::Interrupted.into())) {
        Ok(bytes) => Ok(picture_type(&bytes).map(|mime| (bytes, mime.to_owned()))),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(io_error("the media cache", &e)),
    }
}

/// The file behind a path and its type, if it is there.
pub(crate) fn known_file(inner: &Inner, path: &str) -> Option<(PathBuf, &'static str)> {
    use io::Read as _;
    let (folder, file) = inner.shelf.file(path)?;
    let mut head = Vec::new();
    File::open(&file).ok()?.take(HEAD_BYTES as u64).read_to_end(&mut head).ok()?;
    let mime = if folder == Folder::Files { sniff(FileKind::Other, &head) } else { picture_type(&head) };
    mime.map(|mime| (file, mime))
}

/// Our child writes PNG, JPEG and GIF only.
fn picture_type(bytes: &[u8]) -> Option<&'static str> {
    match backscroll_media::probe(bytes)? {
        ImageKind::Png => Some("image/png"),
        ImageKind::Jpeg => Some("image/jpeg"),
        ImageKind::Gif => Some("image/gif"),
        ImageKind::Webp => None,
    }
}

/// The copy of an attachment. A row whose file is gone (a folder that somebody emptied) is told to say so.
pub(crate) async fn copy(inner: &Arc<Inner>, id: AttachmentId) -> Result<Option<MediaCopy>> {
    Ok(find(inner, id).await?.map(|(copy, _)| copy))
}

async fn find(inner: &Arc<Inner>, id: AttachmentId) -> Result<Option<(MediaCopy, db::MediaCopy)>> {
    let Some(row) = inner.read(move |c| db::media_copy(c, id)).await? else { return Ok(None) };
    let (holder, now, path) = (Arc::clone(inner), inner.now(), row.path.clone());
    let found = tokio::task::spawn_blocking(move || {
        let (file, seen) = known_file(&holder, &path)?;
        let size = std::fs::metadata(&file).ok()?.len();
        holder.shelf.used(&file, now);
        Some((file, seen, size))
    });
    if let Some((file, seen, size)) = found.await.ok().flatten() {
        let mime = row.mime.clone().unwrap_or_else(|| seen.to_owned());
        return Ok(Some((MediaCopy { file, mime, size }, row)));
    }
    if !inner.read_only {
        let evicted = inner.store.write_user(move |tx| db::evict_media(tx, &[id])).await;
        inner.publish(evicted.map_err(|e| store_error(&e))?.1);
    }
    Ok(None)
}

/// Saves a copy into a folder of the user, under the name that it came with, made safe; never over another file. Answers
/// where it is.
pub(crate) async fn save(inner: &Arc<Inner>, id: AttachmentId, folder: PathBuf) -> Result<PathBuf> {
    let found = find(inner, id).await?;
    let (copy, row) = found.ok_or_else(|| user_error(ErrorCode::NotFound, "there is no copy of this file"))?;
    let name = proposed(&row, &copy.mime);
    let saved = tokio::task::spawn_blocking(move || copy_beside(&copy.file, &folder, &name)).await;
    match saved {
        Ok(saved) => saved.map_err(|e| io_error("saving a copy", &e)),
        Err(_) => Err(user_error(ErrorCode::Internal, "saving a copy was interrupted")),
    }
}

/// A name whose extension is what the bytes are, where we know better than the sender: a program that calls itself a
/// film is not saved as a program. Of other files the name is all there is.
fn proposed(row: &db::MediaCopy, mime: &str) -> String {
    let given = row.name.as_deref().and_then(clean_file_name);
    if row.kind == MessageKind::File
        && let Some(name) = given
    {
        return name;
    }
    let word = match row.kind {
        MessageKind::Video => "video",
        MessageKind::Audio => "audio",
        MessageKind::File => "file",
        _ => "picture",
    };
    let stem = given.as_deref().map(|name| name.rsplit_once('.').map_or(name, |(stem, _)| stem)).unwrap_or(word);
    format!("{stem}.{}", extension_of(mime))
}

/// Names that are tried: `a.png`, `a (1).png`, …
const TRIES: u32 = 1_000;

fn copy_beside(from: &Path, folder: &Path, name: &str) -> io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let (stem, extension) = name.rsplit_once('.').map_or((name, String::new()), |(s, e)| (s, format!(".{e}")));
    for n in 0..TRIES {
        let target = folder.join(if n == 0 { name.to_owned() } else { format!("{stem} ({n}){extension}") });
        let mut out = match File::options().write(true).create_new(true).open(&target) {
            Ok(out) => out,
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => continue,
            Err(e) => return Err(e),
        };
        let copied = File::open(from).and_then(|mut from| io::copy(&mut from, &mut out)).and_then(|_| out.sync_all());
        if let Err(error) = copied {
            // Half a file would look like the whole one.
            let _ = std::fs::remove_file(&target);
            return Err(error);
        }
        return Ok(target);
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use backscroll_model::Timestamp;

    use super::*;

    fn row(kind: MessageKind, name: Option<&str>) -> db::MediaCopy {
        let name = name.map(str::to_owned);
        db::MediaCopy { path: String::new(), mime: None, name, kind, at: Timestamp(0) }
    }

    #[test]
    fn a_name_leads_nowhere_and_says_what_the_bytes_are() {
        for (kind, name, mime, proposal) in [
            (MessageKind::Video, Some("cake.mp4"), "video/mp4", "cake.mp4"),
            (MessageKind::Video, Some("cake.exe"), "video/mp4", "cake.mp4"),
            (MessageKind::Image, Some("../../photo.webp"), "image/jpeg", "photo.jpg"),
            (MessageKind::Audio, None, "audio/mp4", "audio.m4a"),
            (MessageKind::Sticker, Some(".."), "image/png", "picture.png"),
            (MessageKind::File, Some("C:\\x\\order 7.pdf"), "application/pdf", "order 7.pdf"),
            (MessageKind::File, None, "application/zip", "file.zip"),
        ] {
            assert_eq!(proposed(&row(kind, name), mime), proposal, "{name:?}");
        }
    }

    #[test]
    fn nothing_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let from = dir.path().join("copy");
        std::fs::write(&from, "new").unwrap();
        let folder = dir.path().join("Downloads");
        let names: Vec<PathBuf> = (0..3).map(|_| copy_beside(&from, &folder, "a.b.png").unwrap()).collect();
        assert_eq!(names, ["a.b.png", "a.b (1).png", "a.b (2).png"].map(|name| folder.join(name)));
        assert_eq!(copy_beside(&from, &folder, "order").unwrap(), folder.join("order"));
        assert_eq!(copy_beside(&from, &folder, "order").unwrap(), folder.join("order (1)"));
        assert!(copy_beside(&dir.path().join("none"), &folder, "x").is_err());
        assert!(!folder.join("x").exists());
    }
}
