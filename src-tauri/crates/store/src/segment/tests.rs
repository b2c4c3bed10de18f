#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rusqlite::Connection;

use super::{
    fold::{ALL, BLOCK, MARK, SEPARATOR},
    *,
};

/// An index with this tokenizer, and its terms by document and place.
fn index(tokenize: &str) -> Connection {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch(&format!(
        "CREATE VIRTUAL TABLE old USING fts5 (text, content = '', tokenize = \"{tokenize}\");
         CREATE VIRTUAL TABLE terms USING fts5vocab ('old', 'instance')"
    ))
    .unwrap();
    db
}

const UNICODE61: &str = "unicode61 remove_diacritics 2 categories 'L* N* S* Co'";

fn terms_of(db: &Connection, texts: &[String]) -> Vec<Vec<String>> {
    db.execute("INSERT INTO old (old) VALUES ('delete-all')", []).unwrap();
    for (n, text) in texts.iter().enumerate() {
        db.execute("INSERT INTO old (rowid, text) VALUES (?1, ?2)", (n as i64 + 1, text)).unwrap();
    }
    let mut found = vec![Vec::new(); texts.len()];
    let mut select = db.prepare("SELECT doc, term FROM terms ORDER BY doc, offset").unwrap();
    let mut rows = select.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        found[row.get::<_, isize>(0).unwrap() as usize - 1].push(row.get(1).unwrap());
    }
    found
}

/// What we fold beyond the tokenizer: letters that are typed without their marks as often as with them.
fn ours(c: char) -> Option<Kind> {
    match c {
        'Ё' | 'ё' => Some(Kind::Part('е')),
        'آ' | 'أ' | 'إ' | 'ٱ' => Some(Kind::Part('ا')),
        'ى' => Some(Kind::Part('ي')),
        'ة' => Some(Kind::Part('ه')),
        // Vowel signs, and the line that stretches a word.
        '\u{640}' | '\u{64B}'..='\u{652}' | '\u{670}' => Some(Kind::Mark),
        _ => None,
    }
}

/// The text cut as it was before the tokenizer saw it: bigrams, and symbols apart.
fn cut(text: &str) -> String {
    let mut out = String::new();
    let mut run: Option<char> = None;
    for c in text.chars() {
        let c = match ours(c) {
            Some(Kind::Part(c)) => c,
            Some(Kind::Mark | Kind::Separator) => {
                out.extend(run.take().map(|last| format!("{last} ")));
                continue;
            }
            None => c,
        };
        if is_unspaced(c) {
            out.extend(run.map(|previous| format!("{previous}{c}")));
            out.push(' ');
            run = Some(c);
            continue;
        }
        out.extend(run.take().map(|last| format!("{last} ")));
        out.push_str(&if is_symbol(c) { format!(" {c} ") } else { c.to_string() });
    }
    out.extend(run);
    out
}

fn split(text: &str) -> (Vec<String>, BTreeSet<String>) {
    let (prefixes, terms): (Vec<_>, Vec<_>) =
        Terms::default().of(text).split_whitespace().map(str::to_owned).partition(|term| term.starts_with(PREFIX));
    let count = prefixes.len();
    let prefixes: BTreeSet<String> = prefixes.into_iter().collect();
    assert_eq!(prefixes.len(), count, "each prefix once");
    (terms, prefixes)
}

/// Set `BACKSCROLL_BLESS` to write the table anew, which means indexing anew.
#[test]
fn the_table_is_what_the_tokenizer_makes_of_every_character_and_a_few_of_ours() {
    let bless = std::env::var_os("BACKSCROLL_BLESS").is_some();
    let db = index(UNICODE61);
    // Beyond the planes in use, some of them: all take 15 seconds.
    let all: Vec<u32> = (0..0x2_0000).chain((0x2_0000..ALL).step_by(if bless { 1 } else { 61 })).collect();
    let mut numbers = BTreeMap::new();
    for codes in all.chunks(4_096) {
        let texts: Vec<String> =
            codes.iter().map(|code| char::from_u32(*code).map_or(String::new(), |c| format!("a{c}b"))).collect();
        for (code, terms) in codes.iter().zip(terms_of(&db, &texts)) {
            let Some(c) = char::from_u32(*code) else { continue };
            let told = match terms.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                ["a", "b"] => Kind::Separator,
                ["ab"] => Kind::Mark,
                [one] => Kind::Part(one.chars().nth(1).unwrap()),
                _ => panic!("{code:x}: {terms:?}"),
            };
            let kind = ours(c).unwrap_or(told);
            let number = match kind {
                Kind::Separator => SEPARATOR,
                Kind::Mark => MARK,
                Kind::Part(to) => (u32::from(to).wrapping_sub(*code) & 0xFFFF) as u16,
            };
            assert!(!matches!(kind, Kind::Part(_)) || ![SEPARATOR, MARK].contains(&number), "{code:x}");
            numbers.insert(*code, number);
            assert!(bless || fold(c) == kind, "{code:x}: {:?}, {kind:?}", fold(c));
        }
    }
    if bless {
        let mut blocks: Vec<Vec<u16>> = Vec::new();
        let mut table: Vec<u16> = Vec::new();
        for first in (0..ALL).step_by(BLOCK as usize) {
            let block: Vec<u16> =
                (first..first + BLOCK).map(|code| numbers.get(&code).copied().unwrap_or(SEPARATOR)).collect();
            let at = blocks.iter().position(|b| *b == block).unwrap_or(blocks.len());
            if at == blocks.len() {
                blocks.push(block);
            }
            table.push(at as u16);
        }
        table.extend(blocks.into_iter().flatten());
        let bytes: Vec<u8> = table.into_iter().flat_map(u16::to_le_bytes).collect();
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/segment/fold.bin"), bytes).unwrap();
    }
}

fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        "[a-zA-Z éÉñßİ]{1,6}",
        "[а-яА-Яёй ]{1,6}",
        "[\u{620}-\u{652}ٱ\u{670} ]{1,6}",
        "[山本柚子蛋糕，。ーカがｶ한글]{1,6}",
        "[\u{E01}-\u{E4E}]{1,6}",
        "[👍🏽❤\u{FE0F}\u{200D}🇫🇷$+^~ ]{1,4}",
        "[\u{300}-\u{36F}a-cÅ]{1,4}",
        "[0-9.,'@#«_-]{1,4}",
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn terms_are_those_of_the_tokenizer_that_folds_by_itself(text in any_text()) {
        let expected = terms_of(&index(UNICODE61), &[cut(&text)]).remove(0);
        let (terms, prefixes) = split(&text);
        prop_assert_eq!(&terms, &expected);

        let begins = |term: &String, n: usize| {
            (term.chars().count() > n).then(|| format!("{PREFIX}{}", term.chars().take(n).collect::<String>()))
        };
        let expected: BTreeSet<String> = terms
            .iter()
            .flat_map(|term| [begins(term, 1), begins(term, 2).filter(|_| term.chars().count() > 2)])
            .flatten()
            .collect();
        prop_assert_eq!(prefixes, expected);
    }

    #[test]
    fn the_index_takes_the_terms_as_they_are(text in any_text()) {
        let db = crate::test_support::memory();
        db.execute_batch("CREATE VIRTUAL TABLE temp.terms USING fts5vocab ('main', 'message_search', 'instance')").unwrap();
        crate::search::Index::new(&db).unwrap().add(1, &text).unwrap();
        let found: Vec<String> = db
            .prepare("SELECT term FROM temp.terms ORDER BY offset").unwrap()
            .query_map([], |row| row.get(0)).unwrap()
            .collect::<rusqlite::Result<_>>().unwrap();
        let mut terms = Terms::default();
        prop_assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), terms.of(&text).split(' ').filter(|t| !t.is_empty()).collect::<Vec<_>>());
    }
}

#[test]
fn no_word_can_be_taken_for_a_prefix() {
    assert_eq!(fold(PREFIX), Kind::Separator);
}

#[test]
fn a_run_without_spaces_becomes_bigrams_and_its_last_character() {
    assert_eq!(split("山本柚子").0, ["山本", "本柚", "柚子", "子"]);
    assert_eq!(split("子").0, ["子"]);
    assert_eq!(split("cake蛋糕!").0, ["cake", "蛋糕", "糕"]);
}

#[test]
fn emoji_stand_apart() {
    assert_eq!(split("great👍👍ok $5").0, ["great", "👍", "👍", "ok", "$", "5"]);
}

#[test]
fn prefixes_of_one_and_two_characters_are_terms_of_longer_ones() {
    let prefixes = |text| split(text).1.into_iter().collect::<Vec<_>>();
    assert_eq!(prefixes("Élan elf 5 ok"), ["«e", "«el", "«o"]);
    assert_eq!(prefixes("山本柚子"), ["«山", "«本", "«柚"]);
}
