//! Files of our own that the cache takes in: what a message will show from the moment it is sent, so that nothing is
//! fetched that was here already.

use std::{fs::File, io, io::Write as _, sync::Arc};

use backscroll_media::{Picture, preflight::Prepared};
use backscroll_store::MediaFile;
use sha2::{Digest as _, Sha256};
use tokio::sync::MutexGuard;

use super::shelf::{Folder, Part};
use crate::inner::Inner;

/// Takes in what is shown of a prepared file: `shown`, its picture encoded anew, or the file itself, and the small
/// picture. Answers the turn as well: until the row is written, nobody may take these for orphans.
pub(crate) async fn adopt<'a>(
    inner: &'a Arc<Inner>,
    ready: &Prepared,
    sha256: [u8; 32],
    shown: Option<Picture>,
) -> io::Result<(MutexGuard<'a, ()>, MediaFile, Option<String>)> {
    let (holder, file, small) = (Arc::clone(inner), ready.file.clone(), ready.thumbnail.clone());
    let (mime, size) = (ready.mime.to_owned(), ready.bytes);
    let written = tokio::task::spawn_blocking(move || -> io::Result<_> {
        let copy = match shown {
            Some(picture) => {
                let (part, sha256) = write(&holder, &picture.bytes)?;
                let copy = MediaFile {
                    path: Folder::Pictures.path(&sha256),
                    size: picture.bytes.len() as u64,
                    sha256,
                    mime: picture.kind.mime().to_owned(),
                    width: Some(picture.width),
                    height: Some(picture.height),
                };
                (part, copy)
            }
            None => {
                let (part, mut to) = holder.shelf.part()?;
                io::copy(&mut File::open(&file)?, &mut to)?;
                (part, MediaFile { path: Folder::Files.path(&sha256), size, sha256, mime, width: None, height: None })
            }
        };
        let small = match small {
            Some(small) => {
                let (part, sha256) = write(&holder, &std::fs::read(&small.file)?)?;
                // Housekeeping removes that one: another file with the same bytes may be about to read it.
                Some((part, Folder::Pictures.path(&sha256)))
            }
            None => None,
        };
        Ok((copy, small))
    });
    let ((part, copy), small) = written.await.map_err(|_| io::ErrorKind::Interrupted)??;
    let turn = inner.shelf.turn().await;
    let (holder, now, path) = (Arc::clone(inner), inner.now(), copy.path.clone());
    let put = tokio::task::spawn_blocking(move || -> io::Result<Option<String>> {
        holder.shelf.put(&part, &path, now)?;
        small.map(|(part, path)| holder.shelf.put(&part, &path, now).map(|()| path)).transpose()
    });
    let thumbnail = put.await.map_err(|_| io::ErrorKind::Interrupted)??;
    Ok((turn, copy, thumbnail))
}

fn write(inner: &Inner, bytes: &[u8]) -> io::Result<(Part, [u8; 32])> {
    let (part, mut file) = inner.shelf.part()?;
    file.write_all(bytes)?;
    Ok((part, Sha256::digest(bytes).into()))
}
