//! Writing the history out for others to read ([`Inbox::export`](crate::Inbox::export)).
//!
//! Pages are read from the history and written by a blocking thread in turn, so that no more than one page is in memory and
//! nobody waits for the disk. What is sent or read meanwhile may or may not be in it; a message that was there at the start
//! is.

use std::{path::PathBuf, sync::Arc};

use backscroll_archive::{ArchiveError, Exporter};
use backscroll_media::extension_of;
use backscroll_model::{
    Conversation, ConversationId, ConversationQuery, ErrorCode, ExportFormat, ExportProgress, ExportReport, Place,
    ThreadPosition, UserError,
};
use backscroll_store as db;
use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;

use crate::{
    errors::{io_error, user_error},
    inner::{Inner, Result},
    media_cache,
};

/// Messages that are read at a time.
const PAGE: u32 = 500;
/// Conversations that are listed at a time.
const LIST: u32 = 200;

/// What to write out, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportRequest {
    /// Which conversations; empty: all of all accounts.
    pub conversations: Vec<ConversationId>,
    /// As what.
    pub format: ExportFormat,
    /// Into which folder; made if only it itself is missing.
    pub out: PathBuf,
    /// The zone of the times on pages.
    pub zone: TimeZone,
}

/// What [`Inbox::export`](crate::Inbox::export) does.
pub(crate) async fn run(
    inner: &Arc<Inner>,
    request: ExportRequest,
    mut progress: impl FnMut(ExportProgress) + Send,
    cancel: CancellationToken,
) -> Result<ExportReport> {
    let _busy = inner.quiet.busy();
    let conversations = listed(inner, request.conversations).await?;
    let names = names(inner).await?;
    let mut done = ExportProgress { messages: 0, of: conversations.iter().map(|one| one.messages).sum() };
    let (out, format, zone) = (request.out, request.format, request.zone);
    let mut exporter = blocking(move || Exporter::begin(&out, format, zone)).await?;
    for conversation in conversations {
        let id = conversation.id;
        let account = names.iter().find(|(account, _)| *account == conversation.account);
        let account = account.map(|(_, name)| name.clone()).unwrap_or_default();
        exporter = blocking(move || {
            exporter.conversation(&conversation, &account)?;
            Ok(exporter)
        })
        .await?;
        // Before every message.
        let mut after = Place(format!("{0}:{0}:{0}", i64::MIN));
        loop {
            if cancel.is_cancelled() {
                return Err(user_error(ErrorCode::Cancelled, "the export was cancelled"));
            }
            let position = ThreadPosition::After { place: after };
            let page = inner.read(move |c| db::thread_page(c, id, &position, PAGE)).await?;
            let (holder, messages) = (Arc::clone(inner), page.messages);
            done.messages += u32::try_from(messages.len()).unwrap_or(u32::MAX);
            exporter = blocking(move || {
                let copy = |path: &str| {
                    let (file, mime) = media_cache::known_file(&holder, path)?;
                    Some((file, extension_of(mime).to_owned()))
                };
                exporter.messages(&messages, &copy)?;
                Ok(exporter)
            })
            .await?;
            progress(done);
            match page.after {
                Some(place) => after = place,
                None => break,
            }
        }
    }
    blocking(move || exporter.finish()).await
}

/// The conversations in the order of the list, or in that of the request.
async fn listed(inner: &Inner, wanted: Vec<ConversationId>) -> Result<Vec<Conversation>> {
    let now = inner.now();
    if !wanted.is_empty() {
        let found = {
            let wanted = wanted.clone();
            inner.read(move |c| db::conversations_by_ids(c, &wanted, now)).await?
        };
        if wanted.iter().any(|id| !found.iter().any(|one| one.id == *id)) {
            return Err(user_error(ErrorCode::NotFound, "no such conversation"));
        }
        return Ok(found);
    }
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let place: Option<Place> = after;
        let query = ConversationQuery::default();
        let page = inner.read(move |c| db::conversations(c, &query, place.as_ref(), LIST, now)).await?;
        all.extend(page.rows);
        after = page.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

async fn names(inner: &Inner) -> Result<Vec<(backscroll_model::AccountId, String)>> {
    Ok(inner.accounts().await?.into_iter().map(|account| (account.id, account.name)).collect())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> backscroll_archive::Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| user_error(ErrorCode::Internal, "the export ended"))?.map_err(|error| export_error(&error))
}

/// What became of the folder or the disk.
fn export_error(error: &ArchiveError) -> UserError {
    match error {
        ArchiveError::Io(error)
            if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) =>
        {
            user_error(ErrorCode::FolderGone, "the folder of the export is not there")
        }
        ArchiveError::Io(error) => io_error("the export", error),
        other => crate::import::archive_error(other),
    }
}
