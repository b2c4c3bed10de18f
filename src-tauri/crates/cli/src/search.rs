//! `backscroll search`: what the history says, in both phases. No network.

use std::{collections::BTreeMap, process::ExitCode};

use backscroll_engine::Inbox;
use backscroll_model::*;
use serde::Serialize;

use crate::{
    args::SearchArguments,
    folder::Folder,
    output::{Output, local_time, readable},
    read::person,
    texts::{text, word},
};

/// The largest page that the inbox gives.
const PAGE: u32 = 200;

#[derive(Serialize)]
struct HitRow<'a> {
    id: String,
    conversation: String,
    account: String,
    platform: &'static str,
    name: Option<&'a str>,
    direction: Direction,
    at: i64,
    kind: MessageKind,
    /// The whole text.
    text: Option<&'a str>,
    /// What is shown of it.
    snippet: Option<&'a str>,
    /// What was looked for in the snippet: UTF-16 offsets.
    marks: &'a [(u32, u32)],
    /// Found inside of a word.
    inside: bool,
}

/// Prints what is found: hits of whole words first, then, if there is room, those inside of words.
pub async fn run(folder: &Folder, arguments: SearchArguments, out: &mut Output) -> anyhow::Result<ExitCode> {
    let inbox = folder.read().await?;
    let SearchArguments { query, conversation, best, whole_words, limit } = arguments;
    let sort = if best { SearchSort::Best } else { SearchSort::Newest };
    let query = SearchQuery { text: query.join(" "), conversation, sort };
    let mut left = limit as usize;
    let mut after = None;
    let understood = loop {
        let page = inbox.search(query.clone(), after, PAGE.min(room(left))).await?;
        left -= print(&inbox, &page.hits, &page.conversations, left, false, out).await?;
        after = page.next;
        if left == 0 || after.is_none() {
            break page.understood;
        }
    };
    let mut inside = understood.inside && !whole_words;
    while inside && left > 0 {
        let found = inbox.search_inside(query.clone(), after, PAGE.min(room(left))).await?;
        left -= print(&inbox, &found.hits, &found.conversations, left, true, out).await?;
        after = found.next;
        inside = after.is_some();
    }
    if left == limit as usize {
        eprintln!("{}", nothing(&understood));
    }
    Ok(ExitCode::SUCCESS)
}

fn room(left: usize) -> u32 {
    u32::try_from(left).unwrap_or(u32::MAX)
}

/// Why nothing was found.
fn nothing(understood: &SearchUnderstood) -> String {
    let unknown = understood.filters.iter().filter(|part| !part.known).find_map(|part| match &part.filter {
        SearchFilter::From { who } | SearchFilter::In { who } => Some(who),
        SearchFilter::Account { name } => Some(name),
        SearchFilter::FromMe
        | SearchFilter::Before { .. }
        | SearchFilter::After { .. }
        | SearchFilter::Has { .. }
        | SearchFilter::Unread => None,
    });
    match unknown {
        Some(name) => text("cli_search_nobody", &[("name", &readable(name))]),
        None => text("cli_search_nothing", &[]),
    }
}

/// Prints at most `most` of the hits; answers how many.
async fn print(
    inbox: &Inbox,
    hits: &[SearchHit],
    conversations: &[Conversation],
    most: usize,
    inside: bool,
    out: &mut Output,
) -> anyhow::Result<usize> {
    let threads: BTreeMap<ConversationId, &Conversation> = conversations.iter().map(|one| (one.id, one)).collect();
    let ids = hits.iter().take(most).map(|hit| hit.message).collect();
    let texts: BTreeMap<MessageId, Option<String>> = match out.is_json() {
        true => inbox.messages_by_id(ids).await?.into_iter().map(|message| (message.id, message.text)).collect(),
        false => BTreeMap::new(),
    };
    let mut printed = 0;
    for hit in hits.iter().take(most) {
        printed += 1;
        let Some(thread) = threads.get(&hit.conversation) else { continue };
        let row = HitRow {
            id: hit.message.to_string(),
            conversation: hit.conversation.to_string(),
            account: thread.account.to_string(),
            platform: thread.platform.as_str(),
            name: thread.name.as_deref(),
            direction: hit.direction,
            at: hit.at.0,
            kind: hit.kind,
            text: texts.get(&hit.message).and_then(Option::as_deref),
            snippet: hit.snippet.as_ref().map(|snippet| snippet.text.as_str()),
            marks: hit.snippet.as_ref().map(|snippet| snippet.marks.as_slice()).unwrap_or_default(),
            inside,
        };
        out.object(&row, || {
            let line = match (hit.direction, line(hit)) {
                (Direction::In, line) => line,
                (Direction::Out, line) => format!("{}: {line}", text("cli_you", &[])),
            };
            vec![row.conversation.clone(), thread.platform.brand().to_owned(), person(thread), local_time(hit.at), line]
        })?;
    }
    Ok(printed)
}

fn line(hit: &SearchHit) -> String {
    let Some(snippet) = &hit.snippet else { return format!("[{}]", word(&hit.kind)) };
    let (before, after) = (if snippet.cut_before { "…" } else { "" }, if snippet.cut_after { "…" } else { "" });
    format!("{before}{}{after}", readable(&snippet.text))
}
