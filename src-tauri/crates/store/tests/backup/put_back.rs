//! Putting one back because the user wants it.

use std::fs;

use backscroll_model::*;
use backscroll_store::{
    Access, Arrival, DATABASE_FILE, Store, StoreError, accounts, add_connection,
    backup::{self, Book},
    connections,
};

use crate::filled::*;

#[test]
fn the_next_opening_shows_the_backup_and_the_replaced_history_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let account = fill(&store);
    let made = back_up(folder.path(), NOW).unwrap();
    let before = texts(&store);
    let late = page(0, vec![seen("late", Direction::In, NOW, "after the backup")]);
    run(store.apply(account, vec![late], context(Arrival::Live), |_| {})).unwrap();
    let later = NOW.plus(HOUR);
    let restored = backup::restore(folder.path(), &made.path, later).unwrap();
    assert_eq!(texts(&store).len(), before.len() + 1, "nothing happens before the next opening");
    close(store);
    let replaced = fs::read(folder.path().join(DATABASE_FILE)).unwrap();
    let store = Store::open(folder.path(), Access::Write, later).unwrap();
    assert_eq!(texts(&store), before);
    assert_eq!(store.restored(), Some(&restored));
    assert_eq!(store.quarantined(), None);
    assert_eq!(restored.cause, RestoreCause::Asked);
    assert_eq!(restored.outcome, RestoreOutcome::Backup { made_at: Some(made.name.at) });
    assert_eq!(fs::read(folder.path().join(restored.aside.clone().unwrap())).unwrap(), replaced);
    // Its own backup: the keys are here.
    let (accounts, links) = run(store.read(|c| Ok((accounts(c, NOW)?, connections(c)?)))).unwrap();
    assert_eq!((accounts[0].connection, links.len()), (Some(links[0].id), 1));
    close(store);
    assert_sound(folder.path());
    let store = open(folder.path());
    assert_eq!((store.restored(), texts(&store)), (None, before));
    assert_eq!(Book::read(folder.path()).restored, Some(restored), "said until it is read");
    close(store);
}

#[test]
fn a_restore_that_is_cut_off_anywhere_is_finished_at_the_next_start() {
    let prepared = || {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        let account = fill(&store);
        let made = back_up(folder.path(), NOW).unwrap();
        let late = page(0, vec![seen("late", Direction::In, NOW, "after the backup")]);
        run(store.apply(account, vec![late], context(Arrival::Live), |_| {})).unwrap();
        let restored = backup::restore(folder.path(), &made.path, NOW.plus(1)).unwrap();
        // As a killed process leaves it: with a log.
        std::mem::forget(store);
        (folder, restored)
    };
    // The steps of the swap, done up to each of them by hand.
    for done in 0..=3 {
        let (folder, restored) = prepared();
        // The lock and the handles of the one that was killed.
        let copy = tempfile::tempdir().unwrap();
        for name in names(folder.path(), "") {
            if folder.path().join(&name).is_file() {
                fs::copy(folder.path().join(&name), copy.path().join(&name)).unwrap();
            }
        }
        let at = |name: &str| copy.path().join(name);
        let aside = restored.aside.clone().unwrap();
        let log = fs::read(at("backscroll.db-wal")).unwrap();
        if done >= 1 {
            fs::rename(at("backscroll.db-wal"), at(&format!("{aside}-wal"))).unwrap();
        }
        if done >= 2 {
            drop(fs::rename(at("backscroll.db-shm"), at(&format!("{aside}-shm"))));
            fs::rename(at("backscroll.db"), at(&aside)).unwrap();
        }
        if done >= 3 {
            fs::rename(at("backscroll.db.restoring"), at("backscroll.db")).unwrap();
        }
        let store = open(copy.path());
        assert_eq!(texts(&store).len(), CHATS * MESSAGES, "{done}");
        assert_eq!(fs::read(at(&format!("{aside}-wal"))).unwrap(), log, "{done}");
        assert_eq!(store.restored(), Some(&restored));
        close(store);
        assert!(names(copy.path(), "restore").is_empty() && names(copy.path(), "backscroll.db.restoring").is_empty());
    }
}

#[test]
fn what_is_no_good_backup_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    fill(&store);
    let good = fs::read(back_up(folder.path(), NOW).unwrap().path).unwrap();
    let mut torn = good.clone();
    let middle = torn.len() / 8_192 * 4_096;
    torn[middle..middle + 4_096].fill(0xAA);
    let mut newer = good.clone();
    newer[60..64].copy_from_slice(&(backscroll_store::SCHEMA_VERSION + 1).to_be_bytes());
    let other = elsewhere.path().join("other.db");
    rusqlite::Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE message (x); PRAGMA user_version = 1")
        .unwrap();
    let trapped = elsewhere.path().join("trapped.db");
    fs::write(&trapped, &good).unwrap();
    rusqlite::Connection::open(&trapped)
        .unwrap()
        .execute_batch("CREATE TRIGGER trap AFTER INSERT ON attempt BEGIN DELETE FROM message; END")
        .unwrap();
    let files = [
        ("a picture", b"\x89PNG and more".to_vec()),
        ("nothing", Vec::new()),
        ("half", good[..good.len() / 2].to_vec()),
        ("torn", torn),
        ("someone else's", fs::read(&other).unwrap()),
        ("trapped", fs::read(&trapped).unwrap()),
    ];
    for (name, bytes) in files {
        let file = elsewhere.path().join("file");
        fs::write(&file, bytes).unwrap();
        let refused = backup::restore(folder.path(), &file, NOW);
        assert!(matches!(refused, Err(StoreError::Corrupt(_))), "{name}: {refused:?}");
    }
    let file = elsewhere.path().join("newer");
    fs::write(&file, newer).unwrap();
    assert!(matches!(backup::restore(folder.path(), &file, NOW), Err(StoreError::NewerSchema { .. })));
    assert!(backup::restore(folder.path(), &elsewhere.path().join("missing"), NOW).is_err());
    close(store);
    let store = open(folder.path());
    assert_eq!((store.restored(), read_all(&store).unwrap()), (None, CHATS * MESSAGES));
    assert!(names(folder.path(), "backscroll.db.").is_empty());
    close(store);
}

#[test]
fn the_accounts_of_another_folders_backup_ask_for_their_keys() {
    let there = tempfile::tempdir().unwrap();
    let store = open(there.path());
    fill(&store);
    let made = back_up(there.path(), NOW).unwrap();
    close(store);
    let here = tempfile::tempdir().unwrap();
    let store = open(here.path());
    // Its key is in this folder's keychain, under the number that the other folder gave its own.
    let link = run(store.write_user(|tx| add_connection(tx, Provider::Ayrshare, "Pier", "https://x.test", None, NOW)));
    let link = link.unwrap();
    backup::restore(here.path(), &made.path, NOW).unwrap();
    close(store);
    let store = open(here.path());
    assert_eq!(read_all(&store).unwrap(), CHATS * MESSAGES);
    let (accounts, links) = run(store.read(|c| Ok((accounts(c, NOW)?, connections(c)?)))).unwrap();
    assert_eq!((accounts[0].connection, links.len()), (None, 0));
    let next = run(store.write_user(|tx| add_connection(tx, Provider::Meta, "Bakery", "https://x.test", None, NOW)));
    assert!(next.unwrap() > link, "a number that names a key is not given again");
    close(store);
}

#[test]
fn a_first_run_takes_over_a_whole_history() {
    let there = tempfile::tempdir().unwrap();
    let store = open(there.path());
    fill(&store);
    let made = back_up(there.path(), NOW).unwrap();
    let all = texts(&store);
    close(store);
    let here = tempfile::tempdir().unwrap();
    let renamed = here.path().join("my old messages.db");
    fs::rename(&made.path, &renamed).unwrap();
    let folder = here.path().join("data");
    close(open(&folder));
    let restored = backup::restore(&folder, &renamed, NOW).unwrap();
    assert_eq!(restored.outcome, RestoreOutcome::Backup { made_at: None });
    let store = open(&folder);
    assert_eq!(texts(&store), all);
    close(store);
    assert_sound(&folder);
}
