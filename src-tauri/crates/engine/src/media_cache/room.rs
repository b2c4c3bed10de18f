//! Room for a file: the quota, and what makes way for it.
//!
//! Promises: the least recently used goes first; nothing goes that the thread on screen shows, nor what a draft or a
//! message that has not arrived still needs (the store lists neither); what goes keeps its row, which says that the copy
//! is kept no longer here. Unasked, a file drives out only what mattered longer ago than itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use backscroll_model::{AttachmentId, ErrorCode, Timestamp};
use backscroll_store::{self as db, KeptMedia};

use crate::{
    errors::{store_error, user_error},
    inner::{Inner, Result},
};

/// What is freed beyond the need, as a part of the quota: looking at all files is not repeated for each new one.
const SPARE: u64 = 20;

/// Whether `size` bytes fit, after what is older than `older_than` made way; `None`: whatever its age.
pub(super) async fn is_there(inner: &Arc<Inner>, size: u64, older_than: Option<Timestamp>) -> Result<bool> {
    let quota = inner.shelf.quota();
    let used = inner.read(db::media_bytes).await?;
    if used.saturating_add(size) <= quota {
        return Ok(true);
    }
    if size > quota {
        return Ok(false);
    }
    let _turn = inner.shelf.turn().await;
    let need = used.saturating_add(size).saturating_sub(quota);
    let view = inner.view().conversation;
    let (kept, on_screen) = inner
        .read(move |c| {
            let on_screen = view.map(|id| db::media_paths_in(c, id)).transpose()?;
            Ok((db::oldest_media(c, u32::MAX)?, on_screen.unwrap_or_default()))
        })
        .await?;
    let holder = Arc::clone(inner);
    let chosen = tokio::task::spawn_blocking(move || {
        let files = by_file(kept, &on_screen);
        let dated = files.into_iter().map(|(path, file)| (holder.shelf.last_use(&path), file));
        choose(dated.collect(), need, need + quota / SPARE, older_than)
    });
    let chosen = chosen.await.map_err(|_| user_error(ErrorCode::Internal, "looking for room was interrupted"))?;
    let Some(ids) = chosen else { return Ok(false) };
    let evicted = ids.len();
    let (paths, changes) =
        inner.store.write_user(move |tx| db::evict_media(tx, &ids)).await.map_err(|e| store_error(&e))?;
    let holder = Arc::clone(inner);
    // A crash before this line leaves orphans, which housekeeping removes.
    let removed = tokio::task::spawn_blocking(move || holder.shelf.remove(&paths)).await;
    tracing::info!(evicted, finished = removed.is_ok(), "copies made room for others");
    inner.publish(changes);
    Ok(true)
}

/// A file, with all attachments that are this file.
#[derive(Debug, Default)]
struct Kept {
    size: u64,
    ids: Vec<AttachmentId>,
}

fn by_file(kept: Vec<KeptMedia>, on_screen: &BTreeSet<String>) -> BTreeMap<String, Kept> {
    let mut files = BTreeMap::<String, Kept>::new();
    for one in kept.into_iter().filter(|one| !on_screen.contains(&one.path)) {
        let file = files.entry(one.path).or_default();
        file.size = file.size.max(one.size);
        file.ids.push(one.id);
    }
    files
}

/// The least recently used ones, until `wish` bytes are free; `None`: not even `need` can be had. A file that is not
/// there any more comes first.
fn choose(
    mut files: Vec<(Option<Timestamp>, Kept)>,
    need: u64,
    wish: u64,
    older_than: Option<Timestamp>,
) -> Option<Vec<AttachmentId>> {
    files.sort_by_key(|(at, _)| *at);
    let (mut freed, mut ids) = (0, Vec::new());
    for (at, file) in files {
        let too_new = older_than.is_some_and(|limit| at.is_some_and(|at| at >= limit));
        if freed >= wish || too_new {
            break;
        }
        freed += file.size;
        ids.extend(file.ids);
    }
    (freed >= need).then_some(ids)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn kept(id: i64, path: &str) -> KeptMedia {
        KeptMedia { id: AttachmentId(id), path: path.to_owned(), size: 10 }
    }

    fn ids(numbers: &[i64]) -> Vec<AttachmentId> {
        numbers.iter().copied().map(AttachmentId).collect()
    }

    /// Files 1, 2 and 3 of 10 bytes, last used in the order 2, 3, 1.
    fn files() -> Vec<(Option<Timestamp>, Kept)> {
        let at = [30, 10, 20];
        let files = by_file(vec![kept(1, "a"), kept(2, "b"), kept(3, "c")], &BTreeSet::new());
        files.into_values().zip(at).map(|(file, at)| (Some(Timestamp(at)), file)).collect()
    }

    #[test]
    fn the_least_recently_used_goes_first_and_no_more_than_is_wished() {
        assert_eq!(choose(files(), 5, 5, None).unwrap(), ids(&[2]));
        assert_eq!(choose(files(), 5, 15, None).unwrap(), ids(&[2, 3]));
        assert_eq!(choose(files(), 30, 99, None).unwrap(), ids(&[2, 3, 1]));
        assert_eq!(choose(files(), 31, 99, None), None, "nothing goes for nothing");
    }

    #[test]
    fn unasked_nothing_newer_makes_way() {
        assert_eq!(choose(files(), 5, 99, Some(Timestamp(20))).unwrap(), ids(&[2]));
        assert_eq!(choose(files(), 15, 99, Some(Timestamp(20))), None);
        assert_eq!(choose(files(), 5, 99, Some(Timestamp(10))), None);
    }

    #[test]
    fn one_file_of_many_messages_goes_as_one_and_what_is_on_screen_stays() {
        let files = by_file(vec![kept(1, "a"), kept(2, "b"), kept(3, "a")], &BTreeSet::from(["b".to_owned()]));
        assert_eq!(files.len(), 1);
        let only = files.into_values().next().unwrap();
        assert_eq!((only.size, only.ids), (10, ids(&[1, 3])));
    }
}
