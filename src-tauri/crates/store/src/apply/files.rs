//! Files and links of messages.

use backscroll_model::{AttachmentSeen, MessageKind, MessageSeen, text::clean_line};
use rusqlite::{Connection, Statement};

use super::{digest::without_query, merge::Held};
use crate::{Result, codes, codes::flag};

pub(super) const INSERT: &str =
    "INSERT INTO attachment (message, ordinal, kind, type_name, url, state, name, detail, mime, told_size)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

/// Files and links, one by one. No platform exchanges a file of a message, so one of the same place and kind is the same
/// one, whatever its address: hosts and paths of the CDNs differ from answer to answer. Its copy is kept. An address that
/// was signed anew replaces one that waits or died; that is not a change.
pub(super) fn merge(connection: &Connection, held: &mut Held, message: &MessageSeen, said_anew: bool) -> Result<bool> {
    let seen = message.attachments.as_slice();
    if seen.is_empty() || (held.flags & flag::ATTACHMENTS == 0 && !said_anew) {
        return Ok(false);
    }
    let before = {
        let mut statement = connection.prepare_cached(
            "SELECT id, kind, type_name, name, detail, url, state FROM attachment WHERE message = ?1 ORDER BY ordinal",
        )?;
        let rows = statement.query_map([held.id], |row| {
            Ok(HeldFile {
                id: row.get(0)?,
                kind: row.get(1)?,
                words: (row.get(2)?, row.get(3)?, row.get(4)?),
                url: row.get(5)?,
                state: row.get(6)?,
            })
        })?;
        rows.collect::<rusqlite::Result<Vec<_>>>()?
    };
    let is_story = codes::kind_of(held.kind)?.is_story();
    let mut changed = false;
    for (ordinal, file) in seen.iter().enumerate() {
        if let Some(before) = before.get(ordinal) {
            // A provider may call a file of ours by another kind; it is still the one that was sent.
            if before.kind == codes::kind(file.kind) || held.origin == codes::BACKSCROLL {
                changed |= retold(connection, before, file, is_story, held.origin == codes::BACKSCROLL)?;
                continue;
            }
            connection.prepare_cached("DELETE FROM attachment WHERE id = ?1")?.execute([before.id])?;
        }
        insert(&mut *connection.prepare_cached(INSERT)?, held.id, is_story, ordinal, file)?;
        held.flags |= flag::ATTACHMENTS;
        changed = true;
    }
    Ok(changed)
}

/// A file of a message, as it is held.
struct HeldFile {
    id: i64,
    kind: i64,
    /// The provider's word for it, its name, its second line.
    words: (Option<String>, Option<String>, Option<String>),
    url: Option<String>,
    state: i64,
}

/// The same file as another answer names it. Returns whether a person would see a difference. A file that was sent from
/// here keeps its name: providers give it one of their own.
fn retold(
    connection: &Connection,
    held: &HeldFile,
    file: &AttachmentSeen,
    is_story: bool,
    is_ours: bool,
) -> Result<bool> {
    let fetched = is_fetched(is_story, file);
    let state = match held.state {
        codes::MEDIA_GONE if held.url != file.url && fetched => codes::MEDIA_WAITING,
        codes::MEDIA_LINK if held.url.is_none() && fetched => codes::MEDIA_WAITING,
        state => state,
    };
    // A link that ended is shown as ended; an address from which a copy was or will be made is not forgotten.
    let url = file.url.as_ref().or(if held.state == codes::MEDIA_LINK { None } else { held.url.as_ref() });
    let (word, name, detail) = held.words.clone();
    let told = line(file.name.as_deref());
    let name = if is_ours { name.or(told) } else { told.or(name) };
    let words = (foreign_word(file).or(word), name, line(file.detail.as_deref()).or(detail));
    // Only what will be fetched hangs on the signature; what is evicted is fetched when somebody asks for it.
    let is_fetchable = matches!(held.state, codes::MEDIA_WAITING | codes::MEDIA_GONE | codes::MEDIA_EVICTED);
    let moved = held.url.as_deref().map(without_query) != url.map(|url| without_query(url));
    if words == held.words && !moved && !(is_fetchable && url != held.url.as_ref()) {
        return Ok(false);
    }
    connection
        .prepare_cached(
            "UPDATE attachment SET url = ?2, state = ?3, type_name = ?4, name = ?5, detail = ?6,
                mime = iif(state = 2, mime, ifnull(?7, mime)), told_size = ifnull(?8, told_size) WHERE id = ?1",
        )?
        .execute((
            held.id,
            url,
            state,
            &words.0,
            &words.1,
            &words.2,
            line(file.mime.as_deref()),
            file.size.map(|size| i64::try_from(size).unwrap_or(i64::MAX)),
        ))?;
    Ok(words != held.words || (held.state == codes::MEDIA_LINK && moved))
}

/// Names and second lines are cut here.
const LINE_CHARS: usize = 300;

fn line(text: Option<&str>) -> Option<String> {
    text.and_then(|text| clean_line(text, LINE_CHARS))
}

/// What is fetched: files of people. Cards are links, and of a story no copy may be kept (`reference/meta-graph.md` 10).
fn is_fetched(is_story: bool, file: &AttachmentSeen) -> bool {
    use MessageKind::{Audio, File, Image, Sticker, Video};
    !is_story && file.url.is_some() && matches!(file.kind, Image | Sticker | Video | Audio | File)
}

/// Stores one file or link through `insert`, the statement of [`INSERT`]. `is_story`: of the message.
pub(super) fn insert(
    insert: &mut Statement<'_>,
    message: i64,
    is_story: bool,
    ordinal: usize,
    file: &AttachmentSeen,
) -> Result<()> {
    let state = if is_fetched(is_story, file) { codes::MEDIA_WAITING } else { codes::MEDIA_LINK };
    let ordinal = i64::try_from(ordinal).unwrap_or(i64::MAX);
    insert.execute((
        message,
        ordinal,
        codes::kind(file.kind),
        foreign_word(file),
        &file.url,
        state,
        line(file.name.as_deref()),
        line(file.detail.as_deref()),
        line(file.mime.as_deref()),
        file.size.map(|size| i64::try_from(size).unwrap_or(i64::MAX)),
    ))?;
    Ok(())
}

/// The provider's own word, kept where our kind does not say it.
fn foreign_word(file: &AttachmentSeen) -> Option<String> {
    matches!(file.kind, MessageKind::Unknown | MessageKind::Share)
        .then(|| file.type_name.clone())
        .filter(|word| !word.is_empty())
}
