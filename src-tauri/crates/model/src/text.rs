//! Text of strangers, made safe to show in one line. Message bodies are never changed; names, titles, file names and
//! notifications are (`reliability.md`, web view).

/// Removes control characters and everything that reorders text (bidi overrides, embeddings, isolates, marks), joins
/// white space, trims, and cuts to `max_chars` characters. Returns `None` when nothing is left.
pub fn clean_line(raw: &str, max_chars: usize) -> Option<String> {
    let mut out = String::with_capacity(raw.len().min(max_chars * 4));
    let mut count = 0;
    let mut gap = false;
    let mut marks = 0;
    for c in raw.chars() {
        if c.is_whitespace() {
            gap = count > 0;
            continue;
        }
        if c.is_control() || is_bidi_control(c) || is_invisible(c) {
            continue;
        }
        // A name with thousands of combining marks paints over its neighbours; four carry every living script.
        if is_combining(c) {
            marks += 1;
            if marks > 4 {
                continue;
            }
        } else {
            marks = 0;
        }
        if gap {
            if count + 1 >= max_chars {
                break;
            }
            out.push(' ');
            count += 1;
            gap = false;
        }
        if count == max_chars {
            break;
        }
        out.push(c);
        count += 1;
    }
    (!out.is_empty()).then_some(out)
}

/// The beginning of a message for a list row or a notification: at most `max_chars` characters, line breaks as spaces.
pub fn preview(text: &str, max_chars: usize) -> Option<String> {
    // Twice the length is enough to find max_chars visible ones in sane text, and bounds the work on insane text.
    let head: String = text.chars().take(max_chars * 2).collect();
    clean_line(&head, max_chars)
}

fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Zero-width characters that only hide things. ZWJ and ZWNJ stay: emoji, Persian and Indic scripts need them.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}' | '\u{FFF9}'..='\u{FFFB}')
}

fn is_combining(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036F}' | '\u{0483}'..='\u{0489}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}')
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_name_cannot_reorder_or_break_its_line() {
        assert_eq!(clean_line("Ada\u{202E}kraP\n\t x", 50).unwrap(), "AdakraP x");
        assert_eq!(clean_line("\u{200B}\u{202E} \n", 50), None);
    }

    #[test]
    fn a_name_is_cut_by_characters_not_bytes() {
        assert_eq!(clean_line("山本柚子さん", 2).unwrap(), "山本");
        assert_eq!(clean_line("a b", 2).unwrap(), "a");
    }

    #[test]
    fn stacked_marks_are_bounded() {
        let zalgo = format!("a{}", "\u{0301}".repeat(5_000));
        assert_eq!(clean_line(&zalgo, 100).unwrap().chars().count(), 5);
    }

    proptest::proptest! {
        #[test]
        fn a_clean_line_is_one_line_and_cleaning_again_changes_nothing(raw in ".{0,200}", max in 1usize..60) {
            if let Some(line) = clean_line(&raw, max) {
                assert!(line.chars().count() <= max);
                assert!(!line.chars().any(|c| c.is_control() || is_bidi_control(c)));
                assert_eq!(clean_line(&line, max).as_deref(), Some(line.as_str()));
            }
        }
    }
}
