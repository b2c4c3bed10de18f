//! 570 damaged database files: each ends in a history that works, and the damaged file is kept byte for byte.

use std::{
    fs,
    path::{Path, PathBuf},
};

use backscroll_model::*;
use backscroll_store::{Access, Arrival, DATABASE_FILE, Store, StoreError};

use crate::filled::*;

const PAGE: usize = 4_096;

/// Numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

/// A database and its log.
#[derive(Clone)]
struct Files {
    db: Vec<u8>,
    wal: Vec<u8>,
}

/// What happens to the files.
type Damage = fn(&mut Files, &mut Dice);
const DAMAGES: [(&str, Damage); 19] = [
    ("cut off anywhere", |f, d| {
        let n = d.below(f.db.len());
        f.db.truncate(n)
    }),
    ("cut off at a page", |f, d| {
        let n = d.below(f.db.len() / PAGE);
        f.db.truncate(n * PAGE)
    }),
    ("cut off in the header", |f, d| {
        let n = d.below(100);
        f.db.truncate(n)
    }),
    ("a page of zeros", |f, d| {
        let n = page_of(f, d);
        f.db[n..n + PAGE].fill(0)
    }),
    ("ten pages of zeros", |f, d| {
        (0..10).for_each(|_| {
            let n = page_of(f, d);
            f.db[n..n + PAGE].fill(0)
        })
    }),
    ("the first page of zeros", |f, _| f.db[..PAGE].fill(0)),
    ("a page of noise", |f, d| {
        let n = page_of(f, d);
        (n..n + PAGE).for_each(|i| f.db[i] = noise(d))
    }),
    ("all noise but the header", |f, d| (100..f.db.len()).for_each(|i| f.db[i] = noise(d))),
    ("a header of noise", |f, d| (0..100).for_each(|i| f.db[i] = noise(d))),
    ("a byte of the header", |f, d| {
        let n = d.below(100);
        f.db[n] ^= 1 << d.below(8)
    }),
    ("a byte of the schema", |f, d| {
        let n = 100 + d.below(PAGE - 100);
        f.db[n] ^= 1 << d.below(8)
    }),
    ("a hundred bytes", |f, d| {
        (0..100).for_each(|_| {
            let n = d.below(f.db.len());
            f.db[n] ^= 1 << d.below(8)
        })
    }),
    ("heads of pages", |f, d| {
        (0..20).for_each(|_| {
            let n = page_of(f, d) + d.below(8);
            f.db[n] = noise(d)
        })
    }),
    ("two pages changed places", |f, d| {
        let (a, b) = (page_of(f, d), page_of(f, d));
        let page = f.db[a..a + PAGE].to_vec();
        f.db.copy_within(b..b + PAGE, a);
        f.db[b..b + PAGE].copy_from_slice(&page);
    }),
    ("another file's bytes", |f, d| {
        let n = d.below(70_000);
        f.db = (0..n).map(|_| noise(d)).collect()
    }),
    ("a torn log", |f, d| {
        let n = d.below(f.wal.len());
        f.wal.truncate(n)
    }),
    ("a log of noise", |f, d| (32..f.wal.len()).for_each(|i| f.wal[i] = noise(d))),
    ("a log that was lost, and a page of zeros", |f, d| {
        f.wal.clear();
        let n = page_of(f, d);
        f.db[n..n + PAGE].fill(0);
    }),
    ("bytes of the log", |f, d| {
        (0..20).for_each(|_| {
            let n = d.below(f.wal.len());
            f.wal[n] ^= 1 << d.below(8)
        })
    }),
];

/// 19 × 30.
const SEEDS: u64 = 30;

fn noise(dice: &mut Dice) -> u8 {
    dice.below(256).try_into().unwrap()
}

/// Where a page begins that is not the first.
fn page_of(files: &Files, dice: &mut Dice) -> usize {
    (1 + dice.below((files.db.len() / PAGE).saturating_sub(1).max(1))) * PAGE
}

/// A disk that need not be waited for, where there is one.
fn in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// A history with a backup of an hour ago, and a log that was not folded in, as a killed process leaves it.
fn original() -> (tempfile::TempDir, Files, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let account = fill(&store);
    let made = back_up(folder.path(), NOW.plus(-HOUR)).unwrap();
    close(store);
    let store = open(folder.path());
    let late = (0..20).map(|n| seen(&format!("late {n}"), Direction::In, NOW.plus(n), "after the backup")).collect();
    run(store.apply(account, vec![page(0, late)], context(Arrival::Live), |_| {})).unwrap();
    let read = |side: &str| fs::read(folder.path().join(format!("{DATABASE_FILE}{side}"))).unwrap();
    let files = Files { db: read(""), wal: read("-wal") };
    assert!(files.wal.len() > 3 * PAGE);
    close(store);
    (folder, files, made.path)
}

/// Opens it as the app would, uses it, and starts again if damage was met.
fn use_it(folder: &Path, told: &str) -> Option<Restored> {
    let mut restored = None;
    for _ in 0..2 {
        let store = Store::open(folder, Access::Write, NOW).unwrap_or_else(|error| panic!("{told}: {error:?}"));
        if let Some(found) = store.restored() {
            restored = Some(found.clone());
        }
        let used = read_all(&store).and_then(|_| {
            run(store.write_user(|tx| backscroll_store::set_value(tx, "used", &1)))?;
            run(store.read(|c| Ok(c.query_row("SELECT count(*) FROM raw WHERE length(bytes) > 0", [], |_| Ok(()))?)))
        });
        drop(run(store.close()));
        match used {
            Ok(()) => return restored,
            Err(StoreError::Corrupt(_)) => {}
            Err(other) => panic!("{told}: {other:?}"),
        }
    }
    panic!("{told}: it is still damaged after a start that knew of it");
}

fn assert_kept(folder: &Path, restored: &Restored, files: &Files, told: &str) {
    let aside = restored.aside.as_ref().unwrap();
    assert!(fs::read(folder.join(aside)).unwrap() == files.db, "{told}: not the bytes that were there");
    if !files.wal.is_empty() {
        assert!(
            fs::read(folder.join(format!("{aside}-wal"))).unwrap() == files.wal,
            "{told}: not the log that was there"
        );
    }
}

#[test]
fn each_of_570_damaged_files_ends_in_a_history_that_works() {
    let (original, files, backup) = original();
    let book = fs::read(original.path().join("backups.json")).unwrap();
    let mut count = 0;
    let (mut put_back, mut rescued, mut whole) = (0, 0, 0);
    for (what, damage) in DAMAGES {
        for seed in 0..SEEDS {
            let told = format!("{what}, seed {seed}");
            count += 1;
            let folder = in_memory();
            let mut damaged = files.clone();
            damage(&mut damaged, &mut Dice(seed * 7_919 + 1));
            fs::write(folder.path().join(DATABASE_FILE), &damaged.db).unwrap();
            if !damaged.wal.is_empty() {
                fs::write(folder.path().join(format!("{DATABASE_FILE}-wal")), &damaged.wal).unwrap();
            }
            // Two of three have a backup, and all have a mark as if damage had been met: opening alone looks no deeper
            // than the roots.
            let has_backup = seed % 3 > 0;
            if has_backup {
                fs::write(folder.path().join("backups.json"), &book).unwrap();
                fs::create_dir(folder.path().join("backups")).unwrap();
                fs::copy(&backup, folder.path().join("backups").join(backup.file_name().unwrap())).unwrap();
            }
            fs::write(folder.path().join("damaged"), b"").unwrap();
            let restored = use_it(folder.path(), &told);
            match restored.as_ref().map(|restored| (restored.cause, restored.outcome)) {
                None => whole += 1,
                Some((RestoreCause::Damaged, outcome)) => {
                    assert_kept(folder.path(), restored.as_ref().unwrap(), &damaged, &told);
                    match outcome {
                        RestoreOutcome::Backup { .. } => put_back += 1,
                        RestoreOutcome::Rescued { .. } | RestoreOutcome::Empty => {
                            assert!(!has_backup, "{told}: there was a backup");
                            rescued += 1;
                        }
                    }
                }
                Some(other) => panic!("{told}: {other:?}"),
            }
            assert_sound(folder.path());
        }
    }
    assert_eq!(count, 570);
    assert!(put_back > 200 && rescued > 100 && whole > 20, "{put_back} put back, {rescued} rescued, {whole} not hit");
    println!("{put_back} put back, {rescued} rescued, {whole} whole as they were");
}

#[test]
fn a_backup_that_is_damaged_too_gives_way_to_the_next_older_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let account = fill(&store);
    let older = back_up(folder.path(), NOW.plus(-3 * DAY)).unwrap();
    let late = page(0, vec![seen("late", Direction::In, NOW, "after the backup")]);
    run(store.apply(account, vec![late], context(Arrival::Live), |_| {})).unwrap();
    let newer = back_up(folder.path(), NOW.plus(-DAY)).unwrap();
    close(store);
    let mut bytes = fs::read(&newer.path).unwrap();
    let middle = bytes.len() / PAGE / 2 * PAGE;
    bytes[middle..middle + PAGE].fill(0xAA);
    fs::write(&newer.path, bytes).unwrap();
    fs::write(folder.path().join(DATABASE_FILE), [0x55; 70_000]).unwrap();
    let store = open(folder.path());
    assert_eq!(store.restored().unwrap().outcome, RestoreOutcome::Backup { made_at: Some(older.name.at) });
    assert_eq!(read_all(&store).unwrap(), CHATS * MESSAGES);
    close(store);
}

#[test]
fn a_backup_in_a_chosen_folder_is_found_and_anothers_there_is_not_taken() {
    let chosen = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let store = open(other.path());
    choose(other.path(), chosen.path());
    back_up(other.path(), NOW.plus(-MINUTE)).unwrap();
    close(store);
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    fill(&store);
    choose(folder.path(), chosen.path());
    let made = back_up(folder.path(), NOW.plus(-DAY)).unwrap();
    close(store);
    fs::write(folder.path().join(DATABASE_FILE), [0x55; 70_000]).unwrap();
    let store = open(folder.path());
    assert_eq!(store.restored().unwrap().outcome, RestoreOutcome::Backup { made_at: Some(made.name.at) });
    assert_eq!(read_all(&store).unwrap(), CHATS * MESSAGES);
    close(store);
}
