#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use proptest::prelude::*;
use rusqlite::Connection;

use super::*;
use crate::segment::{Terms, squeeze};

/// The rule in other words: terms that follow one another, as the index cuts them. A run without spaces at the end may go
/// on, so there its last character, which stands alone only where the run ends, is not asked for.
fn by_terms(typed: &str, prefix: bool, text: &str) -> bool {
    let terms = |text: &str| -> Vec<String> {
        let mut terms = Terms::default();
        terms.of(text).split_whitespace().filter(|term| !term.starts_with(PREFIX)).map(str::to_owned).collect()
    };
    let (mut wanted, held) = (terms(typed), terms(text));
    let mut open = prefix;
    if typed.trim_end_matches(|c: char| folded(&c.to_string()).is_empty()).ends_with(is_unspaced) {
        let last = wanted.len() - 1;
        let pair = last > 0 && wanted[last - 1].starts_with(is_unspaced) && wanted[last - 1].chars().count() == 2;
        if pair && wanted[last - 1].ends_with(&wanted[last]) {
            wanted.pop();
        } else {
            open = true;
        }
    }
    held.windows(wanted.len()).any(|held| {
        let last = wanted.len() - 1;
        held[..last] == wanted[..last]
            && if open { held[last].starts_with(&wanted[last]) } else { held[last] == wanted[last] }
    })
}

fn clause(typed: &str, prefix: bool) -> Option<Clause> {
    Clause::new(typed, true).map(|clause| Clause { prefix, ..clause })
}

/// Texts in the scripts that people write in here, short and alike, so that phrases meet.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[abé ]{1,4}",
        "[AB'-]{1,3}",
        "[жеё ]{1,3}",
        "[سلاأ\u{64E} ]{1,3}",
        "[山本，柚]{1,4}",
        "[カがー한]{1,3}",
        "[👍🎂\u{FE0F}🏽$+ ]{1,3}",
        "[\u{300}\u{301}a]{1,2}",
    ];
    proptest::collection::vec(piece, 0..7).prop_map(|pieces| pieces.concat())
}

/// The same with marks inside of runs, and anything else.
fn wild_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        "[กน\u{E31}\u{E48} ]{1,4}",
        "[か\u{3099}ヴ\u{300}Å\u{212B}\u{24B6} ]{1,3}",
        any_text(),
    ];
    proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn index(texts: &[String]) -> Connection {
    let db = crate::test_support::memory();
    let mut index = crate::search::Index::new(&db).unwrap();
    for (id, text) in (1..).zip(texts) {
        index.add(id, text).unwrap();
    }
    drop(index);
    db
}

fn candidates(db: &Connection, query: &str) -> Vec<i64> {
    db.prepare("SELECT rowid FROM message_search WHERE message_search MATCH ?1 ORDER BY rowid")
        .unwrap()
        .query_map([query], |row| row.get(0))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn the_rule_is_that_of_the_terms(typed in any_text(), prefix: bool, text in any_text()) {
        if let Some(clause) = clause(&typed, prefix) {
            prop_assert_eq!(clause.stands_in(&folded(&text)), by_terms(&typed, prefix, &text), "{:?}", clause);
        }
    }

    #[test]
    fn a_squeezed_text_has_every_piece_of_the_folded_one(text in wild_text()) {
        let mut squeezed = Vec::new();
        squeeze(&text, &mut squeezed);
        let squeezed = String::from_utf8(squeezed).unwrap();
        for piece in folded(&text).split(' ') {
            prop_assert!(squeezed.contains(piece), "{squeezed} {piece}");
        }
    }

    #[test]
    fn a_part_of_a_text_is_found_in_it(text in wild_text(), from in 0usize..20, length in 1usize..9) {
        let words: Vec<&str> = text.split(' ').collect();
        let part = words.iter().skip(from % words.len()).take(length).copied().collect::<Vec<_>>().join(" ");
        if let Some(clause) = clause(&part, false) {
            prop_assert!(clause.stands_in(&folded(&text)), "{:?} in {:?}", clause, folded(&text));
        }
    }

    #[test]
    fn the_index_brings_every_text_that_the_rule_accepts(
        texts in proptest::collection::vec(wild_text(), 1..12),
        typed in proptest::collection::vec((wild_text(), any::<bool>()), 1..3),
    ) {
        let clauses: Vec<Clause> = typed.iter().filter_map(|(typed, prefix)| clause(typed, *prefix)).collect();
        prop_assume!(!clauses.is_empty());
        let db = index(&texts);
        let query = for_index(&clauses);
        let found = candidates(&db, &query);
        for (id, text) in (1..).zip(&texts) {
            if all_stand_in(&clauses, &folded(text)) {
                prop_assert!(found.contains(&id), "{query} misses {text:?}");
            }
        }
    }
}

#[test]
fn the_folding_of_a_character_keeps_it_in_its_kind_of_script() {
    for c in (0..=0x3_FFFFu32).filter_map(char::from_u32) {
        let folded = folded(&c.to_string());
        for f in folded.chars() {
            assert_eq!(is_unspaced(c), is_unspaced(f), "{c:?} {f:?}");
        }
    }
}

#[test]
fn the_index_is_asked_for_few_and_short_things() {
    let query = |typed: &str, prefix| for_index(&[clause(typed, prefix).unwrap()]);
    assert_eq!(query("Élan", false), "\"elan\"");
    assert_eq!(query("elan", true), "\"elan\" *");
    assert_eq!(query("el", true), "(\"el\" OR \"«el\")");
    assert_eq!(query("e", true), "(\"e\" OR \"«e\")");
    assert_eq!(query("e-mail", true), "\"e mail\" *");
    assert_eq!(query("an e", true), "\"an\" AND (\"e\" OR \"«e\")");
    assert_eq!(query("子", false), "(\"子\" OR \"«子\")");
    assert_eq!(query("蛋糕", true), "\"蛋糕\"");
    assert_eq!(query("山本柚子", true), "\"山本 本柚 柚子\"");
    assert_eq!(query("cake 蛋糕 now", true), "\"cake\" AND \"蛋糕 糕 now\" *");
    assert_eq!(query("👍🏽", false), "\"👍 🏽\"");
    let long = (0..40).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ");
    assert_eq!(query(&long, true).split(' ').count(), INDEX_TERMS);
    let many: Vec<Clause> = (0..40).filter_map(|n| clause(&format!("word{n}"), true)).collect();
    assert_eq!(for_index(&many).matches('"').count(), 2 * INDEX_TERMS);
}

#[test]
fn only_long_enough_words_of_letters_are_looked_for_inside_of_words() {
    let may = |typed: &str, quoted| Clause::new(typed, quoted).unwrap().may_be_inside();
    assert!(may("deliver", false) && may("ели", false) && may("día", false));
    assert!(!may("deliver", true) && !may("in", false) && !may("蛋糕蛋糕", false) && !may("👍👍👍", false));
}

#[test]
fn places_are_whole_words_or_anywhere() {
    let liver = Clause::new("liver", false).unwrap();
    let text = folded("Liver delivers a liver-pâté");
    assert_eq!(liver.places(&text, Ends::Words).collect::<Vec<_>>(), [(0, 5), (17, 22)]);
    assert_eq!(liver.places(&text, Ends::Anywhere).collect::<Vec<_>>(), [(0, 5), (8, 13), (17, 22)]);
}
