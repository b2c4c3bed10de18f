//! Searching the history.

use backscroll_model::*;
use tauri::State;

use super::Result;
use crate::{check, shell::Shell};

/// A page of hits; `limit` at most 200. Without `after` it is a new search, which ends the one before.
#[tauri::command]
#[specta::specta]
pub async fn search(
    shell: State<'_, Shell>,
    query: SearchQuery,
    after: Option<Place>,
    limit: u32,
) -> Result<SearchPage> {
    let (query, after, limit) = (checked(query)?, check::maybe_place(after)?, check::limit(limit)?);
    shell.inbox().await?.search(query, after, limit).await
}

/// The second phase of the same search: what stands inside of words. Answers after `limit` hits or 65,536 messages; go
/// on from `next`.
#[tauri::command]
#[specta::specta]
pub async fn search_inside(
    shell: State<'_, Shell>,
    query: SearchQuery,
    after: Option<Place>,
    limit: u32,
) -> Result<SearchInside> {
    let (query, after, limit) = (checked(query)?, check::maybe_place(after)?, check::limit(limit)?);
    shell.inbox().await?.search_inside(query, after, limit).await
}

/// Ends the search that runs.
#[tauri::command]
#[specta::specta]
pub async fn stop_search(shell: State<'_, Shell>) -> Result<()> {
    shell.inbox().await?.stop_search();
    Ok(())
}

/// Any text is a query: what is too long for one is cut, as whatever follows its first 1,000 characters is ignored.
fn checked(query: SearchQuery) -> Result<SearchQuery> {
    let conversation = check::maybe_id(query.conversation)?;
    let text = match query.text.char_indices().nth(check::TEXT) {
        Some((end, _)) => query.text.get(..end).unwrap_or_default().to_owned(),
        None => query.text,
    };
    Ok(SearchQuery { text, conversation, ..query })
}
