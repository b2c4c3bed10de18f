//! Making them.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use backscroll_model::*;
use backscroll_store::{
    Access, Arrival, Store, StoreError,
    backup::{self, Book, FOLDER, Name},
};

use crate::filled::*;

#[test]
fn a_backup_is_the_history_alone_in_a_file_of_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("secrets.json"), b"{\"1\":\"a key\"}").unwrap();
    let store = open(folder.path());
    fill(&store);
    let made = back_up(folder.path(), NOW).unwrap();
    let backups = folder.path().join(FOLDER);
    assert_eq!(names(&backups, "").len(), 1);
    assert_eq!(backup::list(&backups).unwrap(), std::slice::from_ref(&made));
    assert_eq!(fs::metadata(&made.path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&backups).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(backup::messages_in(&made.path), Some((CHATS * MESSAGES) as u64));
    let bytes = fs::read(&made.path).unwrap();
    assert!(!bytes.windows(5).any(|part| part == b"a key"));
    // It needs nothing beside it: no log, and no folder that can be written.
    assert_eq!(&bytes[18..20], [1, 1]);
    let alone = rusqlite::Connection::open_with_flags(&made.path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    assert_eq!(alone.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).unwrap(), "ok");
    drop(alone);
    assert_eq!(names(&backups, "").len(), 1);
    close(store);
}

#[test]
fn a_backup_beside_a_writer_sees_one_moment_and_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let account = fill(&store);
    // More pages than one step copies.
    let grown = store.write_user(|tx| {
        (0..3_000).try_for_each(|n| backscroll_store::set_value(tx, &format!("filler {n}"), &"x".repeat(3_000)))
    });
    run(grown).unwrap();
    let mut steps = 0;
    let mut added = 0;
    let (origin, place) = (Book::origin(folder.path(), NOW).unwrap(), Book::read(folder.path()).place());
    let made = backup::make(folder.path(), &place, origin, NOW, &mut |percent| {
        assert!(percent <= 100);
        steps += 1;
        // A sync commits between any two steps: a backup that begins anew each time would never end.
        for _ in 0..3 {
            let event = seen(&format!("late {added}"), Direction::In, NOW.plus(added), "while it was copied");
            run(store.apply(account, vec![page(0, vec![event])], context(Arrival::Live), |_| {})).unwrap();
            added += 1;
        }
        assert!(steps < 100, "it begins anew");
        true
    })
    .unwrap();
    assert!(steps >= 2 && added >= 6, "{steps} {added}");
    assert_eq!(backup::messages_in(&made.path), Some((CHATS * MESSAGES) as u64));
    assert_eq!(read_all(&store).unwrap(), CHATS * MESSAGES + usize::try_from(added).unwrap());
    close(store);
}

#[test]
fn one_that_is_stopped_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    fill(&store);
    run(store.write_user(|tx| {
        (0..3_000).try_for_each(|n| backscroll_store::set_value(tx, &format!("filler {n}"), &"x".repeat(3_000)))
    }))
    .unwrap();
    let origin = Book::origin(folder.path(), NOW).unwrap();
    let stopped = backup::make(folder.path(), &Book::read(folder.path()).place(), origin, NOW, &mut |_| false);
    assert!(matches!(stopped, Err(StoreError::Closed)), "{stopped:?}");
    assert!(names(&folder.path().join(FOLDER), "").is_empty());
    close(store);
}

#[test]
fn half_a_file_of_an_earlier_run_is_swept_away_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let chosen = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    fill(&store);
    choose(folder.path(), chosen.path());
    let origin = Book::origin(folder.path(), NOW).unwrap();
    let own = Name { origin, at: NOW.plus(-HOUR), schema: 1 };
    let others = Name { origin: backup::Origin(origin.0 ^ 1), at: NOW.plus(-800 * DAY), schema: 1 };
    for name in [format!("{own}.part"), format!("{others}.part"), others.to_string(), "holiday.jpg".to_owned()] {
        fs::write(chosen.path().join(name), b"x").unwrap();
    }
    let made = back_up(folder.path(), NOW).unwrap();
    let mut expected =
        vec![made.name.to_string(), format!("{others}.part"), others.to_string(), "holiday.jpg".to_owned()];
    expected.sort();
    assert_eq!(names(chosen.path(), ""), expected);
    close(store);
}

#[test]
fn old_ones_are_thinned_out_by_those_that_follow() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    fill(&store);
    for day in 0..40 {
        back_up(folder.path(), NOW.plus(day * DAY)).unwrap();
    }
    let kept = backup::list(&folder.path().join(FOLDER)).unwrap();
    assert!((9..=13).contains(&kept.len()), "{}", kept.len());
    assert_eq!(kept[0].name.at, NOW.plus(39 * DAY));
    close(store);
}

#[test]
fn a_folder_that_is_gone_is_not_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let drive = tempfile::tempdir().unwrap();
    let chosen = drive.path().join("backups");
    let store = open(folder.path());
    fill(&store);
    choose(folder.path(), &chosen);
    let gone = back_up(folder.path(), NOW);
    assert!(matches!(gone, Err(StoreError::NotFound(_))), "{gone:?}");
    assert!(!chosen.exists());
    assert_eq!(read_all(&store).unwrap(), CHATS * MESSAGES);
    fs::create_dir(&chosen).unwrap();
    back_up(folder.path(), NOW).unwrap();
    // It vanishes with what is in it, or in the middle: nothing of the app minds.
    fs::remove_dir_all(&chosen).unwrap();
    let origin = Book::origin(folder.path(), NOW).unwrap();
    fs::create_dir(&chosen).unwrap();
    run(store.write_user(|tx| backscroll_store::set_value(tx, "filler", &"x".repeat(8 << 20)))).unwrap();
    let vanished = backup::make(folder.path(), &Book::read(folder.path()).place(), origin, NOW, &mut |_| {
        drop(fs::remove_dir_all(&chosen));
        true
    });
    assert!(vanished.is_err(), "{vanished:?}");
    assert!(!chosen.exists());
    assert_eq!(read_all(&store).unwrap(), CHATS * MESSAGES);
    close(store);
}

/// A file system that is full: a small tmpfs, where the machine lets a test mount one.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_leaves_no_half_file() {
    struct Mounted<'a>(&'a Path);
    impl Drop for Mounted<'_> {
        fn drop(&mut self) {
            drop(std::process::Command::new("umount").arg("-l").arg(self.0).status());
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let chosen = tempfile::tempdir().unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=600k,mode=0700", "tmpfs"])
        .arg(chosen.path())
        .stderr(std::process::Stdio::null())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        eprintln!("skipped: this machine mounts no file system for tests");
        return;
    }
    let _mounted = Mounted(chosen.path());
    let store = open(folder.path());
    fill(&store);
    choose(folder.path(), chosen.path());
    run(store.write_user(|tx| backscroll_store::set_value(tx, "filler", &"x".repeat(2 << 20)))).unwrap();
    let full = back_up(folder.path(), NOW);
    assert!(matches!(full, Err(StoreError::Full)), "{full:?}");
    assert!(names(chosen.path(), "").is_empty());
    assert_eq!(read_all(&store).unwrap(), CHATS * MESSAGES);
    close(store);
}

#[test]
fn a_damaged_history_makes_no_backup() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    fill(&store);
    close(store);
    let file = folder.path().join(backscroll_store::DATABASE_FILE);
    let mut bytes = fs::read(&file).unwrap();
    let pages = bytes.len() / 4_096;
    bytes[(pages - 3) * 4_096..(pages - 2) * 4_096].fill(0xAA);
    fs::write(&file, bytes).unwrap();
    let store = Store::open(folder.path(), Access::Write, NOW).unwrap();
    let refused = back_up(folder.path(), NOW);
    assert!(matches!(refused, Err(StoreError::Corrupt(_))), "{refused:?}");
    assert!(names(&folder.path().join(FOLDER), "").is_empty());
    drop(store);
}
