#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::{
    Arc, Mutex,
    mpsc::{self},
};

use backscroll_model::{HOUR, Page, Platform};

use super::*;
use crate::{
    counts, set_settings, settings,
    test_support::{NOW, add_account, inbound, live, page},
};

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Access::Write, NOW).unwrap();
    (folder, store)
}

#[tokio::test]
async fn what_a_person_does_goes_before_the_waiting_batches_of_a_sync() {
    let (_folder, store) = store();
    let order = Arc::new(Mutex::new(Vec::new()));
    let (go, wait) = mpsc::channel::<()>();
    let note = |what: &'static str| {
        let order = Arc::clone(&order);
        move |_: &Transaction<'_>| {
            order.lock().unwrap().push(what);
            Ok(())
        }
    };
    let running = store.write_sync({
        let note = note("running batch");
        move |tx| {
            wait.recv().unwrap();
            note(tx)
        }
    });
    let waiting = store.write_sync(note("waiting batch"));
    let person = store.write_user(note("person"));
    let release = async {
        // Everyone above has been polled once and stands in line.
        go.send(()).unwrap();
        Ok(())
    };
    let (a, b, c, d) = tokio::join!(running, waiting, person, release);
    let all: [Result<()>; 4] = [a, b, c, d];
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(*order.lock().unwrap(), ["running batch", "person", "waiting batch"]);
}

/// Segments of the search index.
fn segments(tx: &Transaction<'_>) -> Result<i64> {
    Ok(tx.query_row("SELECT count(DISTINCT segid) FROM message_search_idx", [], |row| row.get(0))?)
}

async fn total_changes(store: &Store) -> i64 {
    let count = |tx: &Transaction<'_>| Ok(tx.query_row("SELECT total_changes()", [], |row| row.get(0))?);
    store.write_sync(count).await.unwrap()
}

async fn bring(store: &Store, account: AccountId, messages: std::ops::Range<i64>) {
    for n in messages {
        let event = inbound(&format!("m{n}"), NOW.plus(n * 20_000 - 100 * HOUR), &format!("shared word{n} {}", n % 7));
        store.apply(account, vec![page("t_1", vec![event], None)], live(), |_| {}).await.unwrap();
    }
}

async fn found(store: &Store, term: &str) -> i64 {
    let term = term.to_owned();
    store
        .read(move |db| {
            let sql = "SELECT count(*) FROM message_search WHERE message_search MATCH ?1";
            Ok(db.query_row(sql, [term], |row| row.get(0))?)
        })
        .await
        .unwrap()
}

#[tokio::test]
async fn merging_ends_finds_the_same_and_writes_nothing_where_nothing_came_or_nothing_is_due() {
    let (folder, store) = store();
    let account = store.write_user(|tx| Ok(add_account(tx, Platform::Messenger, "9001"))).await.unwrap();
    let log = || std::fs::metadata(folder.path().join(format!("{}-wal", crate::DATABASE_FILE))).unwrap().len();

    bring(&store, account, 0..10).await;
    let size = log();
    assert!(!store.merge_index().await.unwrap(), "ten segments are fewer than are merged");
    assert_eq!((log(), store.write_sync(segments).await.unwrap()), (size, 10));
    let changes = total_changes(&store).await;
    assert!(!store.merge_index().await.unwrap());
    assert_eq!(total_changes(&store).await, changes, "nothing came since: it does not even look");

    bring(&store, account, 10..50).await;
    assert_eq!(store.write_sync(segments).await.unwrap(), 50);
    let mut steps = 0;
    while store.merge_index().await.unwrap() {
        steps += 1;
        assert_eq!(found(&store, "shared").await, 50);
        assert!(steps < 1_000, "it has no end");
    }
    assert!(steps > 0);
    assert!(store.write_sync(segments).await.unwrap() < 16);
    assert_eq!((found(&store, "word31").await, found(&store, "word50").await), (1, 0));

    let (size, changes) = (log(), total_changes(&store).await);
    bring(&store, account, 49..50).await;
    assert!(!store.merge_index().await.unwrap());
    assert_eq!(
        (log(), total_changes(&store).await),
        (size, changes),
        "a poll with nothing new leaves nothing to merge"
    );
}

#[tokio::test]
async fn without_a_pause_the_segments_stay_bounded_all_the_same() {
    let (_folder, store) = store();
    let account = store.write_user(|tx| Ok(add_account(tx, Platform::Messenger, "9001"))).await.unwrap();
    let mut most = 0;
    for n in 0..60 {
        bring(&store, account, n * 10..(n + 1) * 10).await;
        most = most.max(store.write_sync(segments).await.unwrap());
    }
    assert!((64..256).contains(&most), "{most}");
    assert_eq!(found(&store, "shared").await, 600);
}

#[tokio::test]
async fn a_person_who_gives_up_waiting_blocks_no_sync() {
    let (_folder, store) = store();
    let turn = store.inner.gate.user().await;
    {
        let mut given_up = Box::pin(store.inner.gate.user());
        assert!(futures_poll(given_up.as_mut()).is_pending());
    }
    drop(turn);
    store.write_sync(|_| Ok(())).await.unwrap();
}

fn futures_poll<F: Future>(future: std::pin::Pin<&mut F>) -> std::task::Poll<F::Output> {
    future.poll(&mut std::task::Context::from_waker(std::task::Waker::noop()))
}

#[tokio::test]
async fn a_failed_write_leaves_nothing_and_a_read_sees_only_what_is_committed() {
    let (_folder, store) = store();
    let failed: Result<()> = store
        .write_user(|tx| {
            let wanted = backscroll_model::Settings { list_width: 400, ..Default::default() };
            set_settings(tx, &wanted)?;
            Err(StoreError::NotFound("nothing"))
        })
        .await;
    assert!(failed.is_err());
    assert_eq!(store.read(settings).await.unwrap().list_width, 320);
    let write_in_a_read = store.read(|db| Ok(db.execute("DELETE FROM setting", [])?)).await;
    assert!(matches!(write_in_a_read, Err(StoreError::ReadOnly)));
}

#[tokio::test]
async fn pages_are_applied_in_batches_and_each_is_told_after_its_commit() {
    let (_folder, store) = store();
    let account = store.write_user(|tx| Ok(add_account(tx, Platform::Instagram, "9001"))).await.unwrap();
    let pages: Vec<Page> = (0..60)
        .map(|c| {
            let events = (0..20).map(|m| inbound(&format!("{c}_{m}"), NOW.plus(-HOUR - m), "Hello?")).collect();
            page(&format!("t{c}"), events, None)
        })
        .collect();
    let mut told = Vec::new();
    let total = store.apply(account, pages, live(), |applied| told.push(applied.new)).await.unwrap();
    assert_eq!((total.new, told), (1_200, vec![500, 500, 200]));
    assert_eq!(store.read(counts).await.unwrap().unread, 60);
}

#[tokio::test]
async fn durable_writes_wait_for_the_disk_and_others_do_not() {
    let (_folder, store) = store();
    let synchronous =
        |tx: &Transaction<'_>| Ok(tx.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0))?);
    assert_eq!(store.write_durable(synchronous).await.unwrap(), 2);
    assert_eq!(store.write_user(synchronous).await.unwrap(), 1);
}

#[tokio::test]
async fn a_panic_undoes_its_write_and_nothing_else() {
    let (_folder, store) = store();
    let wide = |tx: &Transaction<'_>| {
        let wanted = backscroll_model::Settings { list_width: 400, ..Default::default() };
        set_settings(tx, &wanted)
    };
    #[expect(clippy::panic, reason = "the mistake that is survived")]
    let panicking = move |tx: &Transaction<'_>| -> Result<()> {
        wide(tx)?;
        panic!("a mistake of ours")
    };
    for _ in 0..2 {
        assert!(matches!(store.write_durable(panicking).await, Err(StoreError::Panicked)));
        assert_eq!(store.read(settings).await.unwrap().list_width, 320);
    }
    let synchronous =
        |tx: &Transaction<'_>| Ok(tx.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0))?);
    assert_eq!(store.write_user(synchronous).await.unwrap(), 1);
    store.write_user(wide).await.unwrap();
    #[expect(clippy::panic, reason = "the mistake that is survived")]
    let panicking_read = |_: &Connection| -> Result<()> { panic!("a mistake of ours") };
    for _ in 0..READERS {
        assert!(matches!(store.read(panicking_read).await, Err(StoreError::Panicked)));
    }
    assert_eq!(store.read(settings).await.unwrap().list_width, 400);
}
