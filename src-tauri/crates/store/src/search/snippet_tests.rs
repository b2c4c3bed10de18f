#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation as _;

use super::*;

fn clauses(typed: &[&str]) -> Vec<Clause> {
    typed.iter().filter_map(|typed| Clause::open(typed)).collect()
}

/// The snippet with its marks in brackets, cut where UTF-16 says.
fn shown(text: &str, typed: &[&str], ends: Ends) -> String {
    let Snippet { text, marks, cut_before, cut_after } = snippet(text, &clauses(typed), ends);
    let units: Vec<u16> = text.encode_utf16().collect();
    let part = |from: u32, to: u32| String::from_utf16(units.get(from as usize..to as usize).unwrap()).unwrap();
    let mut out = if cut_before { "…".to_owned() } else { String::new() };
    let mut at = 0;
    for (from, to) in marks {
        out.push_str(&format!("{}[{}]", part(at, from), part(from, to)));
        at = to;
    }
    out.push_str(&part(at, u32::try_from(units.len()).unwrap()));
    if cut_after {
        out.push('…');
    }
    out
}

#[test]
fn marks_are_places_in_the_original_in_every_script() {
    let words = |text, typed: &str| shown(text, &[typed], Ends::Words);
    assert_eq!(words("Une CRÈME brûlée 🎂 crème", "creme"), "Une [CRÈME] brûlée 🎂 [crème]");
    assert_eq!(words("cre\u{300}me", "cre"), "[cre\u{300}]me");
    assert_eq!(words("🎂🎂 山本柚子さん", "柚子"), "🎂🎂 山本[柚子]さん");
    assert_eq!(words("Ёлка и ёжик", "еж"), "Ёлка и [ёж]ик");
    assert_eq!(words("وصل الطلب اليوم", "الطلب"), "وصل [الطلب] اليوم");
    assert_eq!(words("line\r\nbreak\u{7}", "break"), "line  [break] ");
}

#[test]
fn a_mark_never_cuts_what_is_read_as_one_character() {
    let words = |text, typed: &str| shown(text, &[typed], Ends::Words);
    assert_eq!(words("ok 👍🏽!", "👍"), "ok [👍🏽]!");
    assert_eq!(words("👨\u{200D}👩\u{200D}👧 x", "👩"), "[👨\u{200D}👩\u{200D}👧] x");
    assert_eq!(words("❤\u{FE0F} you", "❤"), "[❤\u{FE0F}] you");
}

#[test]
fn what_stands_inside_of_words_is_marked_there() {
    assert_eq!(shown("Undeliverable, deliver!", &["deliver"], Ends::Anywhere), "Un[deliver]able, [deliver]!");
    assert_eq!(shown("Undeliverable, deliver!", &["deliver"], Ends::Words), "Undeliverable, [deliver]!");
    assert_eq!(shown("Geburtstagstorte", &["torte", "tags"], Ends::Anywhere), "Geburts[tagstorte]");
}

#[test]
fn a_long_text_is_cut_between_words_around_the_first_mark() {
    let text = format!("{}needle {}", "word ".repeat(200), "more ".repeat(200));
    let cut = shown(&text, &["needle"], Ends::Words);
    assert!(cut.starts_with("…word ") && cut.ends_with(" more…"), "{cut}");
    assert!(cut.contains("[needle]") && cut.chars().count() <= CHARS + 6, "{cut}");
    let end = shown(&format!("{}needle", "word ".repeat(200)), &["needle"], Ends::Words);
    assert!(end.ends_with("word [needle]") && end.chars().count() > CHARS - WORD, "{end}");
    let run = shown(&"柚".repeat(900), &["柚"], Ends::Words);
    assert_eq!(run.chars().filter(|c| *c == '柚').count(), CHARS);
}

#[test]
fn without_words_the_beginning_is_shown() {
    assert_eq!(snippet("hello", &[], Ends::Words), Snippet { text: "hello".into(), ..Snippet::default() });
    assert_eq!(snippet("", &[], Ends::Words), Snippet::default());
}

proptest! {
    #[test]
    fn marks_are_in_order_within_the_text_and_between_characters(
        text in "[aàA\u{301} 山本👍🏽\u{200D}👩🇫🇷❤\u{FE0F}\n-]{0,300}",
        typed in "[a山本👍👩🇫❤]{1,2}",
        anywhere: bool,
    ) {
        let ends = if anywhere { Ends::Anywhere } else { Ends::Words };
        let found = snippet(&text, &clauses(&[&typed]), ends);
        let mut boundaries: Vec<u32> = vec![0];
        for grapheme in found.text.graphemes(true) {
            boundaries.push(boundaries.last().unwrap() + u32::try_from(grapheme.encode_utf16().count()).unwrap());
        }
        let mut last = None;
        for (from, to) in found.marks {
            prop_assert!(from < to && last.is_none_or(|last| from > last));
            last = Some(to);
            if !text.contains('\n') {
                prop_assert!(boundaries.contains(&from) && boundaries.contains(&to), "{:?} {from} {to}", found.text);
            }
        }
        if !found.cut_before && !found.cut_after {
            prop_assert_eq!(found.text.chars().count(), text.chars().count());
        }
    }
}
