//! What an argument of a command must be before the inbox sees it. The page is treated as hostile: sizes, characters
//! and ids are checked here, ownership (does this message exist) by the inbox.

use backscroll_engine::Secret;
use backscroll_model::{
    AccountId, AttachmentId, CannedReplyId, ConnectionId, ConversationId, ErrorCode, MessageId, OutgoingFileId, Place,
    ThreadPosition, UserError,
};

/// The longest text of a message or a draft, in characters. X allows 10,000; twice that leaves room for what is cut
/// by the user.
pub const TEXT: usize = 20_000;
/// The longest title, name or address, in characters.
pub const LINE: usize = 300;
/// The longest emoji, in characters: some keyboards write one with seven and as many joiners.
const EMOJI: usize = 32;
/// The longest credential, in bytes. Ayrshare's keys have 35, a Meta token has some 250.
pub const SECRET: usize = 4_096;
/// The most rows of one page, and the most ids of one question.
pub const ROWS: usize = 200;
/// Ids cross IPC as JavaScript numbers.
const MAX_ID: i64 = 1 << 53;

type Result<T> = std::result::Result<T, UserError>;

/// The error of an argument that does not have the form it must have. `what` names the argument, never its value.
pub fn refused(code: ErrorCode, what: &str) -> UserError {
    UserError { code, retry_at: None, detail: format!("argument refused: {what}") }
}

/// A row's id as IPC carries it.
pub trait RowId: Copy {
    /// The number.
    fn number(self) -> i64;
}

macro_rules! row_ids {
    ($($id:ty),*) => { $(impl RowId for $id { fn number(self) -> i64 { self.0 } })* };
}
row_ids!(AccountId, AttachmentId, CannedReplyId, ConnectionId, ConversationId, MessageId, OutgoingFileId);

/// An id is positive and survives as a JavaScript number.
pub fn id<I: RowId>(id: I) -> Result<I> {
    if id.number() > 0 && id.number() < MAX_ID { Ok(id) } else { Err(refused(ErrorCode::NotFound, "id")) }
}

/// An optional id.
pub fn maybe_id<I: RowId>(maybe: Option<I>) -> Result<Option<I>> {
    maybe.map(id).transpose()
}

/// A list of ids, at most [`ROWS`].
pub fn ids<I: RowId>(list: Vec<I>) -> Result<Vec<I>> {
    if list.len() > ROWS {
        return Err(refused(ErrorCode::BadInput, "too many ids"));
    }
    list.iter().try_for_each(|i| id(*i).map(drop))?;
    Ok(list)
}

/// The size of a page: 1 to [`ROWS`].
pub fn limit(limit: u32) -> Result<u32> {
    match usize::try_from(limit) {
        Ok(1..=ROWS) => Ok(limit),
        Ok(_) | Err(_) => Err(refused(ErrorCode::BadInput, "limit")),
    }
}

/// A text of a person: any characters but NUL, which neither SQLite's text functions nor any platform carries.
pub fn text(text: String) -> Result<String> {
    if text.chars().nth(TEXT).is_some() || text.contains('\0') {
        return Err(refused(ErrorCode::BadText, "text"));
    }
    Ok(text)
}

/// One line: a name, a title, an address.
pub fn line(line: String) -> Result<String> {
    if line.chars().nth(LINE).is_some() || line.chars().any(char::is_control) {
        return Err(refused(ErrorCode::BadInput, "line"));
    }
    Ok(line)
}

/// Something as short as an emoji is; whether it is one, the inbox judges.
pub fn is_emoji(emoji: &str) -> bool {
    emoji.chars().nth(EMOJI).is_none() && !emoji.chars().any(char::is_control)
}

/// An optional line; an empty one is none.
pub fn maybe_line(maybe: Option<String>) -> Result<Option<String>> {
    maybe.filter(|l| !l.trim().is_empty()).map(line).transpose()
}

/// A credential: visible ASCII, since it goes into a header. White space around it comes from pasting.
pub fn secret(raw: &str) -> Result<Secret> {
    let raw = raw.trim();
    if raw.is_empty() || raw.len() > SECRET || !raw.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(refused(ErrorCode::BadInput, "secret"));
    }
    Ok(Secret::new(raw))
}

/// An optional credential; an empty one is none.
pub fn maybe_secret(maybe: Option<&str>) -> Result<Option<Secret>> {
    maybe.filter(|s| !s.trim().is_empty()).map(secret).transpose()
}

/// A place in a list. The store refuses one that it did not write; here only its size is bounded.
pub fn maybe_place(maybe: Option<Place>) -> Result<Option<Place>> {
    maybe.map(place).transpose()
}

fn place(place: Place) -> Result<Place> {
    if place.0.len() > LINE { Err(refused(ErrorCode::BadInput, "place")) } else { Ok(place) }
}

/// A position in a thread.
pub fn position(position: ThreadPosition) -> Result<ThreadPosition> {
    Ok(match position {
        ThreadPosition::Newest => ThreadPosition::Newest,
        ThreadPosition::FirstUnread => ThreadPosition::FirstUnread,
        ThreadPosition::Around { message } => ThreadPosition::Around { message: id(message)? },
        ThreadPosition::Before { place: p } => ThreadPosition::Before { place: place(p)? },
        ThreadPosition::After { place: p } => ThreadPosition::After { place: place(p)? },
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn ids_are_positive_and_fit_a_javascript_number() {
        assert_eq!(id(MessageId(7)).unwrap(), MessageId(7));
        for bad in [0, -1, i64::MIN, MAX_ID, i64::MAX] {
            assert_eq!(id(MessageId(bad)).unwrap_err().code, ErrorCode::NotFound);
        }
        assert!(ids(vec![ConversationId(1); ROWS]).is_ok());
        assert!(ids(vec![ConversationId(1); ROWS + 1]).is_err());
        assert!(ids(vec![ConversationId(1), ConversationId(0)]).is_err());
    }

    #[test]
    fn a_page_holds_one_to_two_hundred_rows() {
        assert!(limit(1).is_ok() && limit(200).is_ok());
        assert!(limit(0).is_err() && limit(201).is_err() && limit(u32::MAX).is_err());
    }

    #[test]
    fn a_text_is_counted_in_characters() {
        assert!(text("é".repeat(TEXT)).is_ok());
        assert_eq!(text("é".repeat(TEXT + 1)).unwrap_err().code, ErrorCode::BadText);
        assert!(text("a\0b".into()).is_err());
        assert!(text("line\nline\tمرحبا 👋".into()).is_ok());
    }

    #[test]
    fn a_line_has_no_breaks_and_an_empty_one_is_none() {
        assert!(line("North Pier".into()).is_ok());
        assert!(line("a\nb".into()).is_err());
        assert!(line("a".repeat(LINE + 1)).is_err());
        assert_eq!(maybe_line(Some("  ".into())).unwrap(), None);
    }

    #[test]
    fn a_secret_goes_into_a_header_and_into_no_error() {
        assert_eq!(secret("  ABCD-1234\n").unwrap().expose(), "ABCD-1234");
        for bad in ["", "   ", "AB CD", "AB\r\nX-Injected: 1", "schlüssel"] {
            let error = secret(bad).unwrap_err();
            assert!(bad.trim().is_empty() || !error.detail.contains(bad.trim()));
        }
        assert!(secret(&"k".repeat(SECRET + 1)).is_err());
        assert!(maybe_secret(Some(" ")).unwrap().is_none());
    }
}
