//! Canned replies.

use backscroll_model::{CannedReply, CannedReplyForm, CannedReplyId, ErrorCode, text::clean_line};
use backscroll_store::{self as db, canned::Saved};

use super::Inbox;
use crate::{
    errors::{store_error, user_error},
    inner::Result,
};

/// The longest title, in characters.
const TITLE: usize = 80;
/// The longest word after `/`, in characters.
const WORD: usize = 32;
/// The longest text, in characters: the most that any platform takes (X).
const TEXT: usize = 10_000;

impl Inbox {
    /// All canned replies, in the user's order.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn canned_replies(&self) -> Result<Vec<CannedReply>> {
        self.0.read(db::canned::replies).await
    }

    /// Keeps a new one as the last, or changes that of `id`.
    ///
    /// # Errors
    ///
    /// `BadText` for an empty or an endless text, `BadInput` without a title, with white space in the word, with another
    /// reply's word, or one too many; `NotFound`, and those of the history.
    pub async fn save_canned_reply(&self, id: Option<CannedReplyId>, form: CannedReplyForm) -> Result<CannedReply> {
        self.0.may_write()?;
        let form = cleaned(&form)?;
        match self.0.store.write_user(move |tx| db::canned::save(tx, id, &form)).await.map_err(|e| store_error(&e))? {
            Saved::Kept(reply) => Ok(reply),
            Saved::WordTaken => Err(user_error(ErrorCode::BadInput, "another canned reply has this word")),
            Saved::Full => Err(user_error(ErrorCode::BadInput, "too many canned replies")),
        }
    }

    /// Deletes one.
    ///
    /// # Errors
    ///
    /// `NotFound` and those of the history.
    pub async fn delete_canned_reply(&self, id: CannedReplyId) -> Result<()> {
        self.0.may_write()?;
        self.0.store.write_user(move |tx| db::canned::delete(tx, id)).await.map_err(|e| store_error(&e))
    }

    /// Puts them into this order.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn order_canned_replies(&self, ids: Vec<CannedReplyId>) -> Result<()> {
        self.0.may_write()?;
        self.0.store.write_user(move |tx| db::canned::order(tx, &ids)).await.map_err(|e| store_error(&e))
    }
}

/// A title on one line, a word as it is typed, a text without the blank lines around it.
fn cleaned(form: &CannedReplyForm) -> Result<CannedReplyForm> {
    let title = clean_line(&form.title, TITLE).ok_or_else(|| user_error(ErrorCode::BadInput, "no title"))?;
    let word = form.word.trim().trim_start_matches('/');
    let word = clean_line(word, WORD).unwrap_or_default().to_lowercase();
    if word.contains(char::is_whitespace) {
        return Err(user_error(ErrorCode::BadInput, "white space in the word"));
    }
    let text = form.text.trim();
    if text.is_empty() || text.chars().nth(TEXT).is_some() {
        return Err(user_error(ErrorCode::BadText, "the text of a canned reply"));
    }
    Ok(CannedReplyForm { title, word, text: text.to_owned() })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn form(title: &str, word: &str, text: &str) -> CannedReplyForm {
        CannedReplyForm { title: title.into(), word: word.into(), text: text.into() }
    }

    #[test]
    fn a_form_is_kept_as_it_is_meant() {
        let kept = cleaned(&form(" Opening\n hours ", " /Öffnung ", "\n We open at eight.\n\nSee you \n")).unwrap();
        assert_eq!(kept, form("Opening hours", "öffnung", "We open at eight.\n\nSee you"));
        assert_eq!(cleaned(&form("a", " / ", "{{name}}")).unwrap(), form("a", "", "{{name}}"));
    }

    #[test]
    fn what_could_not_be_found_or_sent_is_refused() {
        let code = |title, word, text: &str| cleaned(&form(title, word, text)).unwrap_err().code;
        assert_eq!(code(" \u{202e} ", "", "text"), ErrorCode::BadInput);
        assert_eq!(code("Hours", "two words", "text"), ErrorCode::BadInput);
        assert_eq!(code("Hours", "", " \n "), ErrorCode::BadText);
        assert_eq!(code("Hours", "", &"é".repeat(TEXT + 1)), ErrorCode::BadText);
        assert!(cleaned(&form("Hours", "", &"é".repeat(TEXT))).is_ok());
    }
}
