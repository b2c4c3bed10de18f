//! Random lives of messages in the real store, step by step beside a small model of what must come of them, and against a
//! ledger of what the platform truly got (`reliability.md`, I1 to I4).
//!
//! The model knows the states, whose turn it is, what holds a message back, what the user may decide, which echo belongs to
//! whom, and what a crash leaves behind. After every act each message is compared with it. Every hundredth trace lives in
//! a file that is closed and opened again by each crash; the others share a database in memory, whose changes are undone.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod acts;
mod model;
mod world;

use std::cell::RefCell;

use proptest::test_runner::{Config, TestCaseError, TestRunner};
use rusqlite::Connection;

use crate::{open, schema, test_support};
use acts::{Act, trace};
use world::World;

/// A database that is opened again by a crash.
fn on_disk(path: &std::path::Path) -> Connection {
    let mut connection = Connection::open(path).unwrap();
    open::configure(&connection).unwrap();
    // Nobody pulls the plug of this machine.
    connection.pragma_update(None, "synchronous", "OFF").unwrap();
    schema::migrate(&mut connection).unwrap();
    connection
}

fn lives(acts: &[Act], number: u32) -> Result<(), TestCaseError> {
    thread_local! {
        static SHARED: RefCell<Option<Connection>> = const { RefCell::new(None) };
    }
    if number.is_multiple_of(100) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("traces.db");
        let mut world = World::new(on_disk(&path));
        for act in acts {
            if matches!(act, Act::Crash) {
                world.connection = None;
                world.connection = Some(on_disk(&path));
            }
            world.goes_on(act)?;
        }
        test_support::check(world.connection());
        return world.ends();
    }
    let connection = SHARED.take().unwrap_or_else(test_support::memory);
    connection.execute_batch("SAVEPOINT trace").unwrap();
    let mut world = World::new(connection);
    for act in acts {
        world.goes_on(act)?;
    }
    world.ends()?;
    if number.is_multiple_of(50) {
        test_support::check(world.connection());
    }
    let connection = world.connection.take().unwrap();
    connection.execute_batch("ROLLBACK TO trace; RELEASE trace").unwrap();
    SHARED.set(Some(connection));
    Ok(())
}

/// Not the macro: `PROPTEST_CASES` would overrule the number.
fn traces(cases: u32) {
    let config = Config {
        cases,
        failure_persistence: None,
        test_name: Some(concat!(module_path!(), "::traces")),
        max_shrink_iters: 4_000,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    let number = std::cell::Cell::new(0);
    let property = |acts: Vec<Act>| {
        number.set(number.get() + 1);
        lives(&acts, number.get())
    };
    let outcome = runner.run(&trace(), property);
    assert!(outcome.is_ok(), "{outcome:?}\n{runner}");
}

#[test]
fn whatever_happens_to_messages_the_store_says_what_the_model_says() {
    traces(2_000);
}

#[test]
#[ignore = "a hundred thousand: twenty minutes"]
fn a_hundred_thousand_lives_end_as_the_model_says() {
    traces(100_000);
}
