//! Tests of canned replies.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use backscroll_model::{CannedReply, CannedReplyForm, CannedReplyId};
use proptest::prelude::*;
use rusqlite::Connection;

use super::*;
use crate::test_support::memory;

fn form(title: &str, word: &str) -> CannedReplyForm {
    CannedReplyForm { title: title.to_owned(), word: word.to_owned(), text: format!("{title}, {{{{name}}}}.") }
}

fn add(connection: &Connection, title: &str, word: &str) -> CannedReply {
    match save(connection, None, &form(title, word)).unwrap() {
        Saved::Kept(reply) => reply,
        other => panic!("{other:?}"),
    }
}

fn titles(connection: &Connection) -> Vec<String> {
    replies(connection).unwrap().into_iter().map(|reply| reply.title).collect()
}

#[test]
fn a_new_reply_is_the_last_and_a_changed_one_stays_where_it_is() {
    let connection = memory();
    let hours = add(&connection, "Hours", "hours");
    add(&connection, "Thanks", "");
    assert_eq!(hours.text, "Hours, {{name}}.", "variables are kept as they were written");
    let changed = save(&connection, Some(hours.id), &form("Opening hours", "hours")).unwrap();
    assert!(matches!(changed, Saved::Kept(CannedReply { id, .. }) if id == hours.id), "its own word is not taken");
    assert_eq!(titles(&connection), ["Opening hours", "Thanks"]);
    assert_eq!(replies(&connection).unwrap().last().unwrap().word, None);
}

#[test]
fn a_word_finds_one_reply_and_none_is_no_word() {
    let connection = memory();
    add(&connection, "Hours", "hours");
    let thanks = add(&connection, "Thanks", "");
    add(&connection, "Welcome", "");
    assert_eq!(save(&connection, None, &form("Other", "hours")).unwrap(), Saved::WordTaken);
    assert_eq!(save(&connection, Some(thanks.id), &form("Thanks", "hours")).unwrap(), Saved::WordTaken);
    assert_eq!(titles(&connection), ["Hours", "Thanks", "Welcome"]);
}

#[test]
fn what_is_gone_can_be_neither_changed_nor_deleted_and_its_id_never_returns() {
    let connection = memory();
    let gone = add(&connection, "Hours", "hours");
    delete(&connection, gone.id).unwrap();
    assert!(matches!(delete(&connection, gone.id), Err(StoreError::NotFound(_))));
    assert!(matches!(save(&connection, Some(gone.id), &form("Hours", "")), Err(StoreError::NotFound(_))));
    assert!(add(&connection, "Hours", "hours").id > gone.id, "its word is free again");
}

#[test]
fn there_is_a_most_of_them() {
    let connection = memory();
    for n in 0..MOST {
        add(&connection, &n.to_string(), "");
    }
    assert_eq!(save(&connection, None, &form("One more", "")).unwrap(), Saved::Full);
    let first = replies(&connection).unwrap().remove(0);
    assert!(matches!(save(&connection, Some(first.id), &form("Changed", "")).unwrap(), Saved::Kept(_)));
}

proptest! {
    #[test]
    fn an_order_holds_each_reply_once_and_begins_with_what_was_named(named in prop::collection::vec(1_i64..9, 0..12)) {
        let connection = memory();
        let held: Vec<CannedReplyId> = (1..=6).map(|n| add(&connection, &n.to_string(), "").id).collect();
        let named: Vec<CannedReplyId> = named.into_iter().map(CannedReplyId).collect();
        order(&connection, &named).unwrap();
        let mut wanted: Vec<CannedReplyId> = Vec::new();
        for id in named.iter().chain(&held) {
            if held.contains(id) && !wanted.contains(id) {
                wanted.push(*id);
            }
        }
        let got: Vec<CannedReplyId> = replies(&connection).unwrap().into_iter().map(|reply| reply.id).collect();
        prop_assert_eq!(got, wanted);
    }
}
