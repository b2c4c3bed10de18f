//! From a path to what it means: `me`, edges of a Page, bare ids by their kind, and "unknown path" for all else
//! (reference 12).

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::graph::call::{Call, Caller};
use crate::graph::error::GraphError;
use crate::graph::fields::{self, Field};
use crate::graph::messages::{Thread, View};
use crate::graph::paging::Window;
use crate::graph::state::TokenKind;
use crate::graph::{limits, people, threads, tokens, write};
use crate::platform::Platform;
use crate::state::{Chat, Core, State};
use crate::world::ProfileId;

/// So many ids in one `?ids=` (reference 5.2).
const MOST_IDS: usize = 50;

/// What a bare id names.
enum Named {
    Page(ProfileId),
    Instagram(ProfileId),
    Conversation(Chat),
    Message(Chat, String),
    Person(Chat),
}

/// Answers one call. `meter` is told which platform it was about, for the usage header.
pub(crate) async fn dispatch(
    core: &Arc<Core>,
    call: &Call,
    caller: &Caller,
    meter: &mut Option<Platform>,
) -> Result<Value, GraphError> {
    if write::is_meant(call) {
        return write::dispatch(core, call, caller, meter).await;
    }
    core.act(|state, now| read(state, now, call, caller, meter))
}

/// Everything that only reads.
fn read(
    state: &mut State,
    now: i64,
    call: &Call,
    caller: &Caller,
    meter: &mut Option<Platform>,
) -> Result<Value, GraphError> {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    let wanted = call.param("fields").map(fields::parse).transpose()?.unwrap_or_default();
    let result = match path.as_slice() {
        [] => ids(state, now, call, caller, &wanted, meter),
        ["debug_token"] => tokens::debug(state, now, call),
        ["me", "accounts"] => {
            limits::meter(state, caller.kind, None)?;
            if caller.kind == TokenKind::User {
                View { state, now, call, caller }.accounts(&wanted)
            } else {
                Err(GraphError::parameter("Tried accessing nonexisting field (accounts) on node type (Page)"))
            }
        }
        ["me"] => match caller.kind {
            TokenKind::Page(profile) => page(state, now, call, caller, profile, &wanted),
            TokenKind::User => {
                limits::meter(state, caller.kind, None)?;
                View { state, now, call, caller }.user(&wanted)
            }
            TokenKind::App => Err(GraphError::new(
                2500,
                "An active access token must be used to query information about the current user.",
            )),
        },
        [first, "conversations" | "threads"] => {
            let own = caller.must_be_page()?;
            let profile = people::named_page(state, call, first, own).ok_or_else(|| GraphError::no_object(first))?;
            let platform = threads::platform(call)?;
            *meter = Some(platform);
            count(state, profile, Some(platform));
            limits::read(state, now, profile, platform)?;
            threads::list(state, now, call, caller, profile, platform)
        }
        [id] => bare(state, now, call, caller, id, &wanted, meter),
        [id, edge @ ("messages" | "attachments" | "shares")] => {
            edge_of(state, now, call, caller, (id, edge), &wanted, meter)
        }
        _ => Err(GraphError::no_path(&path.join("/"))),
    };
    if meter.is_none()
        && let TokenKind::Page(profile) = caller.kind
    {
        count(state, profile, None);
    }
    result
}

fn count(state: &mut State, profile: ProfileId, platform: Option<Platform>) {
    *state.graph.calls.entry((profile, platform)).or_default() += 1;
}

fn page(
    state: &State,
    now: i64,
    call: &Call,
    caller: &Caller,
    profile: ProfileId,
    wanted: &[Field],
) -> Result<Value, GraphError> {
    limits::meter(state, caller.kind, None)?;
    View { state, now, call, caller }.page(profile, wanted)
}

/// `?ids=A,B,C`: an object keyed by id.
fn ids(
    state: &mut State,
    now: i64,
    call: &Call,
    caller: &Caller,
    wanted: &[Field],
    meter: &mut Option<Platform>,
) -> Result<Value, GraphError> {
    let Some(text) = call.param("ids") else { return Err(GraphError::no_path("")) };
    let all: Vec<&str> = text.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
    if all.is_empty() {
        return Err(GraphError::parameter("The parameter ids is required"));
    }
    if all.len() > MOST_IDS {
        let text = format!("Too many IDs. Maximum: {MOST_IDS}. Provided: {}.", all.len());
        return Err(GraphError::parameter(&text));
    }
    let mut out = Map::new();
    for id in all {
        match bare(state, now, call, caller, id, wanted, meter) {
            Ok(node) => {
                out.insert(id.to_owned(), node);
            }
            Err(error) if state.graph.knobs.ids_partial && error.code != 613 && error.code < 80_000 => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Value::Object(out))
}

/// A node by its id alone.
fn bare(
    state: &mut State,
    now: i64,
    call: &Call,
    caller: &Caller,
    id: &str,
    wanted: &[Field],
    meter: &mut Option<Platform>,
) -> Result<Value, GraphError> {
    let gone = || GraphError::no_object(id);
    let named = resolve(state, caller, id).ok_or_else(gone)?;
    match named {
        Named::Page(profile) => page(state, now, call, caller, profile, wanted),
        Named::Instagram(profile) => {
            caller.must_have("instagram_basic")?;
            limits::meter(state, caller.kind, None)?;
            let account = state.world.account(profile, Platform::Instagram).ok_or_else(gone)?;
            View { state, now, call, caller }.instagram_account(account, wanted)
        }
        Named::Conversation(chat) => {
            admit(state, now, caller, &chat, meter)?;
            let view = View { state, now, call, caller };
            let thread = Thread::of(state, chat.profile, &chat).ok_or_else(gone)?;
            view.conversation(thread, wanted)
        }
        Named::Message(chat, message) => {
            admit(state, now, caller, &chat, meter)?;
            let view = View { state, now, call, caller };
            let thread = Thread::of(state, chat.profile, &chat).ok_or_else(gone)?;
            view.message_node(thread, &message, wanted)
        }
        Named::Person(chat) => {
            *meter = Some(chat.platform);
            count(state, chat.profile, Some(chat.platform));
            limits::meter(state, caller.kind, Some(chat.platform))?;
            threads::may_read(state, caller, chat.profile, chat.platform)?;
            let thread = Thread::of(state, chat.profile, &chat).ok_or_else(gone)?;
            View { state, now, call, caller }.profile(thread, wanted)
        }
    }
}

/// Counts a conversation read and checks that it is allowed.
fn admit(
    state: &mut State,
    now: i64,
    caller: &Caller,
    chat: &Chat,
    meter: &mut Option<Platform>,
) -> Result<(), GraphError> {
    *meter = Some(chat.platform);
    count(state, chat.profile, Some(chat.platform));
    limits::read(state, now, chat.profile, chat.platform)?;
    threads::may_read(state, caller, chat.profile, chat.platform)
}

/// `/{conversation}/messages`, `/{message}/attachments`, `/{message}/shares`.
fn edge_of(
    state: &mut State,
    now: i64,
    call: &Call,
    caller: &Caller,
    (id, edge): (&str, &str),
    wanted: &[Field],
    meter: &mut Option<Platform>,
) -> Result<Value, GraphError> {
    let gone = || GraphError::no_object(id);
    let named = resolve(state, caller, id).ok_or_else(gone)?;
    let chat = match &named {
        Named::Conversation(chat) | Named::Message(chat, _) => chat.clone(),
        Named::Page(_) | Named::Instagram(_) | Named::Person(_) => {
            return Err(GraphError::no_path(&format!("{id}/{edge}")));
        }
    };
    admit(state, now, caller, &chat, meter)?;
    let view = View { state, now, call, caller };
    let thread = Thread::of(state, chat.profile, &chat).ok_or_else(gone)?;
    match (&named, edge) {
        (Named::Conversation(_), "messages") => {
            let window = Window::read(state, call.param("limit"), call.param("after"), call.param("before"))?;
            view.messages(thread, wanted, &window)
        }
        (Named::Message(_, message), "attachments" | "shares") => view.message_edge(thread, message, edge, wanted),
        _ => Err(GraphError::no_path(&format!("{id}/{edge}"))),
    }
}

/// What an id names for this caller; a Page token sees only what is its Page's.
fn resolve(state: &State, caller: &Caller, id: &str) -> Option<Named> {
    let pages = || state.graph.pages.iter().filter(|p| caller.page().is_none_or(|own| own == p.profile));
    let is = |profile, platform: Platform| state.world.account(profile, platform).is_some_and(|a| a.id == id);
    if let Some(page) = pages().find(|p| is(p.profile, Platform::Facebook)) {
        return Some(Named::Page(page.profile));
    }
    if let Some(page) = pages().find(|p| p.instagram && is(p.profile, Platform::Instagram)) {
        return Some(Named::Instagram(page.profile));
    }
    let profile = caller.page()?;
    let linked = state.graph.page(profile).is_some_and(|p| p.instagram);
    let chat = |platform, conversation: &crate::world::Conversation| Chat {
        profile,
        platform,
        conversation: conversation.id.clone(),
        person: conversation.person.id.clone(),
    };
    for platform in [Platform::Facebook, Platform::Instagram] {
        let Some(account) = state.world.account(profile, platform).filter(|_| linked || platform == Platform::Facebook)
        else {
            continue;
        };
        if let Some(conversation) = account.conversation(id) {
            return Some(Named::Conversation(chat(platform, conversation)));
        }
        if let Some(conversation) = account.with_person(id) {
            return Some(Named::Person(chat(platform, conversation)));
        }
        let with = account.conversations.iter().find(|c| c.messages.iter().any(|m| m.id == id));
        if let Some(conversation) = with {
            return Some(Named::Message(chat(platform, conversation), id.to_owned()));
        }
    }
    None
}
