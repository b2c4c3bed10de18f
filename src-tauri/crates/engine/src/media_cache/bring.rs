//! Files of a download that the cache takes in, as it takes in fetched ones: pictures encoded anew by our child, the rest
//! as it is. What would drive out newer files is left where it is.

use std::{io::Write as _, sync::Arc};

use backscroll_media::{FileKind, Fit, sniff};
use backscroll_model::{AttachmentId, MessageKind, Timestamp};
use backscroll_store::MediaFile;
use sha2::{Digest as _, Sha256};

use super::{
    fetch::{Fetched, What, decode, interrupted, keep},
    room,
    shelf::Folder,
};
use crate::{
    errors::io_error,
    inner::{Inner, Result},
};

/// Takes in a file of a message of `at`. Answers whether it is in the cache now.
pub(crate) async fn bring(
    inner: &Arc<Inner>,
    id: AttachmentId,
    kind: MessageKind,
    bytes: Vec<u8>,
    at: Timestamp,
) -> Result<bool> {
    let kind = match kind {
        MessageKind::Image | MessageKind::Sticker => None,
        MessageKind::Video => Some(FileKind::Video),
        MessageKind::Audio => Some(FileKind::Audio),
        _ => Some(FileKind::Other),
    };
    if !room::is_there(inner, bytes.len() as u64, Some(at)).await? {
        return Ok(false);
    }
    let found = match kind {
        None => decode(inner, bytes, Fit::Picture, Folder::Pictures).await?,
        Some(kind) => {
            let Some(mime) = sniff(kind, &bytes) else { return Ok(false) };
            let holder = Arc::clone(inner);
            let written = tokio::task::spawn_blocking(move || {
                let (part, mut file) = holder.shelf.part()?;
                file.write_all(&bytes)?;
                file.sync_all()?;
                let sha256 = Sha256::digest(&bytes).into();
                let (path, size) = (Folder::Files.path(&sha256), bytes.len() as u64);
                let copy = MediaFile { path, size, sha256, mime: mime.to_owned(), width: None, height: None };
                Ok::<_, std::io::Error>(Fetched::File(part, copy))
            });
            written.await.map_err(|_| interrupted())?.map_err(|e| io_error("the media cache", &e))?
        }
    };
    let Fetched::File(part, file) = found else { return Ok(false) };
    let changes = keep(inner, What::Attachment(id), part, file, at).await?;
    inner.publish(changes);
    Ok(true)
}
