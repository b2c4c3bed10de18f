//! Opening a data folder: what is refused, what is set aside, and that neither costs a byte.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use backscroll_model::{Settings, Timestamp};
use backscroll_store::{Access, DATABASE_FILE, SCHEMA_VERSION, Store, StoreError, set_settings, settings};
use rusqlite::Connection;

const NOW: Timestamp = Timestamp(1_795_000_000_000);

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

fn with_settings(folder: &Path) {
    let store = Store::open(folder, Access::Write, NOW).unwrap();
    let wanted = Settings { list_width: 400, ..Settings::default() };
    runtime().block_on(async {
        store.write_user(move |tx| set_settings(tx, &wanted)).await.unwrap();
        store.close().await.unwrap();
    });
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn folder_and_files_are_the_owners_alone() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let _store = Store::open(&folder, Access::Write, NOW).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for (name, _) in files(&folder) {
        assert_eq!(mode(&folder.join(&name)), 0o600, "{name}");
    }
}

#[test]
fn a_newer_schema_is_refused_with_its_files_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(DATABASE_FILE);
    {
        let newer = Connection::open(&file).unwrap();
        newer.pragma_update(None, "journal_mode", "wal").unwrap();
        newer.execute_batch(&format!("CREATE TABLE later (x); PRAGMA user_version = {}", SCHEMA_VERSION + 1)).unwrap();
    }
    let before = fs::read(&file).unwrap();
    for access in [Access::Write, Access::Read] {
        let refused = Store::open(folder.path(), access, NOW);
        assert!(matches!(refused, Err(StoreError::NewerSchema { .. })), "{refused:?}");
        assert_eq!(fs::read(&file).unwrap(), before);
        let names: Vec<_> = files(folder.path()).into_iter().map(|(name, _)| name).collect();
        assert!(names.iter().all(|name| name == DATABASE_FILE || name == "lock"), "{names:?}");
    }
}

#[test]
fn a_newer_schema_that_is_only_in_the_log_is_refused_too() {
    let folder = tempfile::tempdir().unwrap();
    with_settings(folder.path());
    let file = folder.path().join(DATABASE_FILE);
    // A newer program died before its log was folded into the file.
    let newer = Connection::open(&file).unwrap();
    newer.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
    newer.execute_batch(&format!("PRAGMA user_version = {}", SCHEMA_VERSION + 1)).unwrap();
    newer.close().unwrap();
    let logged = |folder: &Path| {
        files(folder).into_iter().filter(|(name, _)| !name.ends_with("-shm") && name != "lock").collect::<Vec<_>>()
    };
    let before = logged(folder.path());
    let refused = Store::open(folder.path(), Access::Write, NOW);
    assert!(matches!(refused, Err(StoreError::NewerSchema { .. })), "{refused:?}");
    assert_eq!(logged(folder.path()), before);
}

#[test]
fn a_damaged_database_is_set_aside_and_never_deleted() {
    for damage in [&b"this was a database"[..], &[0x55; 70_000]] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(DATABASE_FILE);
        fs::write(&file, damage).unwrap();
        let store = Store::open(folder.path(), Access::Write, NOW).unwrap();
        let aside = store.quarantined().unwrap();
        assert_eq!(fs::read(aside).unwrap(), damage);
        assert_eq!(runtime().block_on(store.read(settings)).unwrap(), Settings::default());
    }
}

#[test]
fn a_torn_page_is_noticed_at_start() {
    let folder = tempfile::tempdir().unwrap();
    with_settings(folder.path());
    let file = folder.path().join(DATABASE_FILE);
    let mut bytes = fs::read(&file).unwrap();
    // Every page but the first: the schema still reads.
    bytes[4096..].fill(0xAA);
    fs::write(&file, &bytes).unwrap();
    let store = Store::open(folder.path(), Access::Write, NOW).unwrap();
    assert_eq!(fs::read(store.quarantined().unwrap()).unwrap(), bytes);
}

/// Damages the pages that hold `content`.
fn damage(file: &Path, content: &[u8]) {
    let mut bytes = fs::read(file).unwrap();
    let mut damaged = 0;
    for page in bytes.chunks_mut(4096).filter(|page| page.windows(content.len()).any(|part| part == content)) {
        page.fill(0xAA);
        damaged += 1;
    }
    assert!(damaged > 0);
    fs::write(file, &bytes).unwrap();
}

#[test]
fn damage_that_is_met_later_is_set_aside_at_the_next_start() {
    for writes in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(DATABASE_FILE);
        let store = Store::open(folder.path(), Access::Write, NOW).unwrap();
        let filled = store.write_user(|tx| {
            (0..200).try_for_each(|n| backscroll_store::set_value(tx, &format!("{n:03}"), &"x".repeat(500)))
        });
        runtime().block_on(filled).unwrap();
        runtime().block_on(store.close()).unwrap();
        damage(&file, b"150\"xxx");
        let damaged = fs::read(&file).unwrap();

        let store = Store::open(folder.path(), Access::Write, NOW).unwrap();
        assert!(store.quarantined().is_none(), "opening is fast because it does not look deep");
        let met = if writes {
            runtime().block_on(store.write_user(|tx| backscroll_store::set_value(tx, "150", &"y")))
        } else {
            runtime().block_on(store.read(|db| backscroll_store::value::<String>(db, "150"))).map(|_| ())
        };
        assert!(matches!(met, Err(StoreError::Corrupt(_))), "{met:?}");
        runtime().block_on(store.close()).unwrap();

        let store = Store::open(folder.path(), Access::Write, NOW).unwrap();
        assert_eq!(fs::read(store.quarantined().unwrap()).unwrap(), damaged);
        assert_eq!(runtime().block_on(store.read(settings)).unwrap(), Settings::default());
        runtime().block_on(store.close()).unwrap();
        let store = Store::open(folder.path(), Access::Write, NOW).unwrap();
        assert!(store.quarantined().is_none(), "once");
    }
}

#[test]
fn a_suspicion_that_is_not_confirmed_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    with_settings(folder.path());
    fs::write(folder.path().join("damaged"), b"").unwrap();
    let store = Store::open(folder.path(), Access::Write, NOW).unwrap();
    assert!(store.quarantined().is_none());
    assert_eq!(runtime().block_on(store.read(settings)).unwrap().list_width, 400);
    assert!(!folder.path().join("damaged").exists());
}

#[test]
fn a_folder_in_which_nothing_can_be_created_is_read_as_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    with_settings(folder.path());
    // Permissions bind no superuser; a link to nowhere in the place of a side file, which SQLite never follows, does.
    symlink("nowhere", folder.path().join(format!("{DATABASE_FILE}-shm"))).unwrap();
    let reader = Store::open(folder.path(), Access::Read, NOW).unwrap();
    assert_eq!(runtime().block_on(reader.read(settings)).unwrap().list_width, 400);
    // Nobody may write below such a reader.
    assert!(matches!(Store::open(folder.path(), Access::Write, NOW), Err(StoreError::InUse)));
}

#[test]
fn a_damaged_database_is_only_reported_to_a_reader() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(DATABASE_FILE);
    fs::write(&file, [0x55; 70_000]).unwrap();
    assert!(matches!(Store::open(folder.path(), Access::Read, NOW), Err(StoreError::Corrupt(_))));
    assert_eq!(files(folder.path()).len(), 1);
}

#[test]
fn one_process_writes_and_others_may_read() {
    let folder = tempfile::tempdir().unwrap();
    with_settings(folder.path());
    let writer = Store::open(folder.path(), Access::Write, NOW).unwrap();
    assert!(matches!(Store::open(folder.path(), Access::Write, NOW), Err(StoreError::InUse)));
    let reader = Store::open(folder.path(), Access::Read, NOW).unwrap();
    assert_eq!(runtime().block_on(reader.read(settings)).unwrap().list_width, 400);
    let refused = runtime().block_on(reader.write_user(|tx| set_settings(tx, &Settings::default())));
    assert!(matches!(refused, Err(StoreError::ReadOnly)));
    runtime().block_on(writer.close()).unwrap();
    // The lock goes with the writer, not with the readers.
    Store::open(folder.path(), Access::Write, NOW).unwrap();
}

#[test]
fn a_full_disk_is_told_and_costs_only_the_write() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Access::Write, NOW).unwrap();
    let full = runtime().block_on(store.write_user(|tx| {
        let pages: i64 = tx.pragma_query_value(None, "page_count", |row| row.get(0))?;
        tx.pragma_update(None, "max_page_count", pages)?;
        backscroll_store::set_value(tx, "big", &"x".repeat(1 << 20))
    }));
    assert!(matches!(full, Err(StoreError::Full)), "{full:?}");
    assert_eq!(runtime().block_on(store.read(settings)).unwrap(), Settings::default());
    runtime().block_on(store.write_user(|tx| set_settings(tx, &Settings::default()))).unwrap();
}

#[test]
fn a_folder_that_cannot_be_written_is_told() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    with_settings(&folder);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o500)).unwrap();
    let probe = fs::write(folder.join("probe"), b"");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    if probe.is_ok() {
        // Permissions bind no superuser. A file system that refuses everyone does: the kernel's own.
        let refused = Store::open(Path::new("/proc/backscroll"), Access::Write, NOW);
        assert!(refused.is_err());
        return;
    }
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o500)).unwrap();
    fs::remove_file(folder.join("lock")).unwrap_err();
    fs::set_permissions(folder.join(DATABASE_FILE), fs::Permissions::from_mode(0o400)).unwrap();
    let refused = Store::open(&folder, Access::Write, NOW);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    assert!(matches!(refused, Err(StoreError::ReadOnly)), "{refused:?}");
}

#[test]
fn a_folder_without_a_database_has_nothing_to_read() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Store::open(folder.path(), Access::Read, NOW).is_err());
    assert!(files(folder.path()).is_empty());
}

#[test]
fn the_migrations_add_up_to_the_schema_that_is_kept_for_reading() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(Store::open(folder.path(), Access::Write, NOW).unwrap().close()).unwrap();
    let connection = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    let mut schema = String::from("-- What the migrations add up to. Written by the test of this name:\n");
    schema.push_str("-- BACKSCROLL_BLESS=1 cargo nextest run -p backscroll-store schema\n");
    let mut statement = connection
        .prepare(
            "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'
             AND name NOT GLOB 'message_search_*' ORDER BY rowid",
        )
        .unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        schema.push('\n');
        schema.push_str(&row.get::<_, String>(0).unwrap());
        schema.push_str(";\n");
    }
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.sql");
    if std::env::var_os("BACKSCROLL_BLESS").is_some() {
        fs::write(&kept, &schema).unwrap();
    }
    assert!(
        fs::read_to_string(&kept).unwrap_or_default() == schema,
        "schema.sql is not what the migrations make: run the test with BACKSCROLL_BLESS=1"
    );
}
