//! Damage without a backup: what can still be read is kept.

use std::fs;

use backscroll_model::*;
use backscroll_store::{Access, Arrival, DATABASE_FILE, Store};

use crate::filled::*;

#[test]
fn where_there_is_no_backup_what_can_be_read_is_kept_and_the_rest_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let account = fill(&store);
    let all = texts(&store);
    close(store);
    let file = folder.path().join(DATABASE_FILE);
    let mut bytes = fs::read(&file).unwrap();
    // A page of messages in the middle.
    let hit = bytes.chunks(4_096).position(|page| page[0] == 13 && contains(page, b"message 12 of chat 4")).unwrap();
    bytes[hit * 4_096..(hit + 1) * 4_096].fill(0);
    fs::write(&file, &bytes).unwrap();
    fs::write(folder.path().join("damaged"), b"").unwrap();
    let store = Store::open(folder.path(), Access::Write, NOW).unwrap();
    let restored = store.restored().unwrap().clone();
    let RestoreOutcome::Rescued { messages } = restored.outcome else { panic!("{restored:?}") };
    assert!(messages as usize >= all.len() * 8 / 10 && (messages as usize) < all.len(), "{messages} of {}", all.len());
    assert_eq!(fs::read(store.quarantined().unwrap()).unwrap(), bytes);
    assert!(texts(&store).iter().all(|text| all.contains(text)));
    // A sync brings back what was lost, and nothing twice.
    let pages = (0..CHATS).map(|chat| page(chat, (0..MESSAGES).map(|n| message(chat, n)).collect())).collect();
    run(store.apply(account, pages, context(Arrival::Backfill), |_| {})).unwrap();
    assert_eq!(texts(&store), all);
    close(store);
    assert_sound(folder.path());
}

#[test]
fn a_file_that_is_no_database_leaves_an_empty_history() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(DATABASE_FILE), b"this was a database").unwrap();
    let store = open(folder.path());
    assert_eq!(store.restored().unwrap().outcome, RestoreOutcome::Empty);
    fill(&store);
    close(store);
    assert_sound(folder.path());
}

fn contains(page: &[u8], part: &[u8]) -> bool {
    page.windows(part.len()).any(|window| window == part)
}
