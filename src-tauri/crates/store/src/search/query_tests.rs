#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

/// Days of 24 hours in a calendar of 31-day months: enough to tell them apart.
pub(crate) fn midnight(year: i16, month: i8, day: i8) -> Option<Timestamp> {
    let (months, days) = (i64::from(month) - 1, i64::from(day) - 1);
    let there = (0..12).contains(&months) && (0..31).contains(&days);
    there.then(|| Timestamp(((i64::from(year) * 12 + months) * 31 + days) * 86_400_000))
}

fn words(text: &str) -> Vec<String> {
    parse(text, &midnight).words
}

fn filters(text: &str) -> Vec<SearchFilter> {
    parse(text, &midnight).filters.into_iter().map(|part| part.filter).collect()
}

#[test]
fn words_are_separated_by_white_space_and_phrases_stand_in_quotes() {
    let parsed = parse("  Two\u{3000}words \"and one phrase\"x ", &midnight);
    assert_eq!(parsed.words, ["Two", "words", "and one phrase", "x"]);
    assert_eq!(parsed.clauses.iter().map(|c| c.quoted).collect::<Vec<_>>(), [false, false, true, false]);
    assert_eq!(parsed.clauses.iter().map(|c| c.prefix).collect::<Vec<_>>(), [false, false, false, true]);
}

#[test]
fn only_the_last_word_is_a_prefix_and_a_phrase_never_is() {
    let prefixes = |text| parse(text, &midnight).clauses.into_iter().map(|c| c.prefix).collect::<Vec<_>>();
    assert_eq!(prefixes("one tw"), [false, true]);
    assert_eq!(prefixes("one tw from:me"), [false, true]);
    assert_eq!(prefixes("one \"tw\""), [false, false]);
    assert_eq!(prefixes("one ..."), [true]);
}

#[test]
fn every_filter_is_understood() {
    assert_eq!(filters("from:Me"), [SearchFilter::FromMe]);
    assert_eq!(filters("FROM:ines"), [SearchFilter::From { who: "ines".into() }]);
    assert_eq!(filters("in:\"Ines M\""), [SearchFilter::In { who: "Ines M".into() }]);
    assert_eq!(filters("account:x"), [SearchFilter::Account { name: "x".into() }]);
    let at = |year, month, day| midnight(year, month, day).unwrap();
    assert_eq!(filters("before:2026-09-01"), [SearchFilter::Before { at: at(2026, 9, 1) }]);
    assert_eq!(filters("after:2026/9"), [SearchFilter::After { at: at(2026, 9, 1) }]);
    assert_eq!(filters("after:2026"), [SearchFilter::After { at: at(2026, 1, 1) }]);
    for (word, what) in [
        ("image", SearchHas::Image),
        ("video", SearchHas::Video),
        ("audio", SearchHas::Audio),
        ("file", SearchHas::File),
        ("link", SearchHas::Link),
    ] {
        assert_eq!(filters(&format!("has:{word}")), [SearchFilter::Has { what }]);
    }
    assert_eq!(filters("is:unread"), [SearchFilter::Unread]);
    assert_eq!(parse("cake from:me", &midnight).words, ["cake"]);
}

#[test]
fn a_filter_knows_where_it_stands_in_the_code_units_of_the_page() {
    let text = "🎂 from:\"山本 柚\" x";
    let part = parse(text, &midnight).filters.remove(0);
    let units: Vec<u16> = text.encode_utf16().collect();
    let cut = units.get(part.start as usize..part.end as usize).unwrap();
    assert_eq!(String::from_utf16(cut).unwrap(), "from:\"山本 柚\"");
}

#[test]
fn what_is_no_filter_is_words() {
    for text in [
        "from:",
        "before:soon",
        "before:2026-13",
        "after:20260901",
        "after:2026-09-01-01",
        "has:cats",
        "is:read",
        "foo:bar",
        ":x",
        "from:!!",
        "has:",
        "http://a.example",
    ] {
        let parsed = parse(text, &midnight);
        assert_eq!((parsed.filters.len(), parsed.words.len()), (0, 1), "{text}");
    }
}

#[test]
fn hostile_text_is_text() {
    assert_eq!(words("\"unbalanced"), ["unbalanced"]);
    assert_eq!(words("a\"b\"\"c"), ["a", "b", "c"]);
    assert_eq!(words("from:\"unbalanced"), ["from:", "unbalanced"]);
    assert_eq!(
        words("NEAR(a b) OR NOT -c* ^d {e}: text:f"),
        ["NEAR(a", "b)", "OR", "NOT", "-c*", "^d", "{e}:", "text:f"]
    );
    assert_eq!(words("a\0b"), ["a\0b"]);
    assert!(words("!?… \0 \u{200B} «»").is_empty());
    let long = parse(&"word ".repeat(2_000), &midnight);
    assert_eq!(long.clauses.len(), MAX_CLAUSES);
    let long = parse(&"w".repeat(10_000), &midnight);
    assert_eq!(long.clauses.first().unwrap().needle().len(), MAX_CHARS);
    assert!(parse(&"\"".repeat(10_000), &midnight).clauses.is_empty());
}

proptest! {
    #[test]
    fn any_text_is_a_query(text in any::<String>()) {
        let parsed = parse(&text, &midnight);
        prop_assert_eq!(parsed.words.len(), parsed.clauses.len());
        let units = text.encode_utf16().count();
        prop_assert!(parsed.filters.iter().all(|part| part.start < part.end && part.end as usize <= units));
    }

    #[test]
    fn filters_among_words_are_found(before in "[a-z\" ]{0,8}", after in "[a-z\" ]{0,8}") {
        let quotes = before.matches('"').count() % 2;
        prop_assume!(quotes == 0);
        let text = format!("{before} is:unread {after}");
        prop_assert_eq!(filters(&text), vec![SearchFilter::Unread]);
    }
}
