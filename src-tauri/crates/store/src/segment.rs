//! Text cut into terms for the search index (`performance.md`, rule 2).
//!
//! `unicode61` takes a run of Han, Kana, Hangul or Thai for one word, so a search for two of its characters finds
//! nothing. Here such a run becomes its bigrams and its last character: 山本柚子 → `山本 本柚 柚子 子`. A query of one
//! character is then a prefix, of two a term, of more a phrase. Emoji and other symbols stand apart, so that
//! `great👍👍` is found by `great` and by `👍`.
//!
//! Whoever asks the index must cut the query the same way; changing [`index_terms`] means indexing anew.

use std::borrow::Cow;

/// The text as the index gets it. Plain ASCII words are borrowed unchanged.
pub(crate) fn index_terms(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| b.is_ascii() && !is_ascii_symbol(b)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() * 2);
    let mut run: Option<char> = None;
    for c in text.chars() {
        if is_unspaced(c) {
            match run {
                Some(previous) => {
                    out.push(previous);
                    out.push(c);
                    out.push(' ');
                }
                None => out.push(' '),
            }
            run = Some(c);
            continue;
        }
        end_run(&mut out, &mut run);
        if is_symbol(c) {
            out.push(' ');
            out.push(c);
            out.push(' ');
        } else {
            out.push(c);
        }
    }
    end_run(&mut out, &mut run);
    Cow::Owned(out)
}

fn end_run(out: &mut String, run: &mut Option<char>) {
    if let Some(last) = run.take() {
        out.push(last);
        out.push(' ');
    }
}

/// Scripts that are written without spaces between words.
pub(crate) fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{0E00}'..='\u{0EFF}'        // Thai, Lao
        | '\u{1000}'..='\u{109F}'      // Myanmar
        | '\u{1100}'..='\u{11FF}'      // Hangul Jamo
        | '\u{1780}'..='\u{17FF}'      // Khmer
        | '\u{3005}'..='\u{3007}'
        | '\u{3041}'..='\u{30FF}'      // Kana
        | '\u{3105}'..='\u{312F}'      // Bopomofo
        | '\u{3130}'..='\u{318F}'      // Hangul compatibility Jamo
        | '\u{31F0}'..='\u{31FF}'
        | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}'      // Han
        | '\u{AC00}'..='\u{D7A3}'      // Hangul syllables
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FF66}'..='\u{FF9D}'      // half-width Kana
        | '\u{20000}'..='\u{3FFFF}'    // Han extensions
    )
}

fn is_ascii_symbol(b: u8) -> bool {
    matches!(b, b'$' | b'+' | b'<' | b'=' | b'>' | b'^' | b'`' | b'|' | b'~')
}

/// Characters of the categories S* that are common in messages: each is a term of its own. Skin tones and joiners are
/// left to the tokenizer, so 👍🏽 is found by 👍.
fn is_symbol(c: char) -> bool {
    u8::try_from(c).is_ok_and(is_ascii_symbol)
        || matches!(c,
            '\u{20A0}'..='\u{20CF}'        // currencies
            | '\u{2100}'..='\u{214F}'      // letter-like
            | '\u{2190}'..='\u{2BFF}'      // arrows, dingbats, symbols
            | '\u{1F000}'..='\u{1FAFF}'    // emoji
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_not_copied() {
        assert!(matches!(index_terms("Is it ready?"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_run_without_spaces_becomes_bigrams_and_its_last_character() {
        assert_eq!(index_terms("山本柚子").trim(), "山本 本柚 柚子 子");
        assert_eq!(index_terms("子").trim(), "子");
        assert_eq!(index_terms("cake蛋糕!").trim(), "cake 蛋糕 糕 !");
    }

    #[test]
    fn emoji_stand_apart() {
        let terms = index_terms("great👍👍ok $5");
        assert_eq!(terms.split_whitespace().collect::<Vec<_>>(), ["great", "👍", "👍", "ok", "$", "5"]);
    }
}
