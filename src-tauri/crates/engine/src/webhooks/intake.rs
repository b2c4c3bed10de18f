//! What was believed becomes history: decoded, sorted to its accounts and conversations, applied, followed by a read.
//!
//! Promises: a batch of deliveries costs one write an account and one for what is kept of them, however many came; what
//! came before does nothing; what fails costs itself only.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use backscroll_adapters::hook::{HookItem, HookKind};
use backscroll_model::{
    Account, AccountId, Backfill, ConversationEvents, Delivery, DeliveryCount, DeliveryKind, DeliveryOutcome, Event,
    Page, Provider, RemoteId, Timestamp,
};
use backscroll_store::{self as db, ApplyContext, Arrival, DeliveryDigest, WaitingDelivery};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use super::{Route, Routes, again::while_busy, follow, gate, waiting};
use crate::{
    errors::store_error,
    inner::{Inner, Result},
    notify,
    round::Told,
};

/// Deliveries that are read together.
const BATCH: usize = 64;

/// A delivery whose signature was right.
#[derive(Debug)]
pub(super) struct Arrived {
    /// To whose address.
    pub(super) route: Arc<Route>,
    /// The bytes as they came.
    pub(super) body: Bytes,
    /// When, by our clock.
    pub(super) at: Timestamp,
}

/// Takes in what arrives, until it is cancelled.
pub(super) async fn run(inner: Arc<Inner>, cancel: CancellationToken) {
    loop {
        let busy = tokio::select! {
            () = cancel.cancelled() => return,
            busy = inner.webhooks.intake.called() => busy,
        };
        take_all(&inner).await;
        drop(busy);
    }
}

/// Takes in what waits, and writes what was noted at the door.
pub(super) async fn take_all(inner: &Arc<Inner>) {
    loop {
        let batch: Vec<Arrived> = {
            let queue = &mut inner.webhooks.state().queue;
            let count = queue.len().min(BATCH);
            queue.drain(..count).collect()
        };
        if batch.is_empty() {
            break;
        }
        take(inner, batch).await;
    }
    if let Err(error) = super::flush(inner).await {
        tracing::warn!(code = ?error.code, "what was refused could not be kept");
    }
}

/// A delivery on its way through a batch.
struct Opened {
    arrived: Arrived,
    items: Vec<Item>,
    sent_at: Option<Timestamp>,
    /// When it came by the provider's clock; where that is not known yet, no later than the delivery itself says.
    came: Timestamp,
    digest: DeliveryDigest,
    /// `None`: not decided yet.
    outcome: Option<DeliveryOutcome>,
}

/// One thing that it tells.
struct Item {
    what: HookItem,
    account: std::result::Result<Account, DeliveryOutcome>,
    digest: DeliveryDigest,
}

/// What the history knows about a batch.
#[derive(Default)]
struct Known {
    seen: BTreeSet<DeliveryDigest>,
    conversations: BTreeMap<(AccountId, RemoteId), RemoteId>,
}

/// What a batch comes to.
#[derive(Default)]
struct Work {
    pages: BTreeMap<AccountId, Vec<Page>>,
    /// Whom to read afterwards.
    follow: Vec<(AccountId, Told)>,
    /// What waits for that.
    waiting: Vec<WaitingDelivery>,
    /// Ayrshare: accounts to read afterwards.
    hurry: BTreeSet<AccountId>,
}

async fn take(inner: &Arc<Inner>, batch: Vec<Arrived>) {
    let mut opened: Vec<Opened> = Vec::new();
    let known = match inner.accounts().await {
        Ok(accounts) => {
            let routes = inner.webhooks.routes();
            opened.extend(batch.into_iter().map(|arrived| open(inner, &routes, &accounts, arrived)));
            known(inner, &opened).await
        }
        Err(error) => {
            let lost = |arrived| Opened { outcome: Some(DeliveryOutcome::NotKept), ..Opened::empty(arrived) };
            opened.extend(batch.into_iter().map(lost));
            Err(error)
        }
    };
    let mut known = known.unwrap_or_else(|error| {
        tracing::warn!(code = ?error.code, "webhooks could not be looked up");
        opened.iter_mut().for_each(|one| one.outcome = Some(DeliveryOutcome::NotKept));
        Known::default()
    });
    let mut work = Work::default();
    for one in opened.iter_mut().filter(|one| one.outcome.is_none()) {
        one.outcome = Some(sort_out(inner, one, &mut known, &mut work));
    }
    // Before it is read for.
    let mut failed = waiting::keep(inner, std::mem::take(&mut work.waiting)).await;
    failed.extend(apply_all(inner, &opened, work).await);
    close(inner, opened, &failed).await;
}

impl Opened {
    fn empty(arrived: Arrived) -> Self {
        let digest = digest(&[b"body", &arrived.route.connection.0.to_be_bytes(), &arrived.body]);
        let came = arrived.at;
        Self { arrived, items: Vec::new(), sent_at: None, came, digest, outcome: None }
    }
}

fn open(inner: &Inner, routes: &Routes, accounts: &[Account], arrived: Arrived) -> Opened {
    let link = inner.open_link(arrived.route.connection);
    let now = link.as_ref().map_or(arrived.at, |link| link.corrected(arrived.at));
    let is_sure = link.is_some_and(|link| link.knows_time());
    let opened = Opened { came: now, ..Opened::empty(arrived) };
    let delivery = match gate::read(opened.arrived.route.provider, &opened.arrived.body, now) {
        Ok(delivery) => delivery,
        Err(outcome) => return Opened { outcome: Some(outcome), ..opened },
    };
    for skipped in &delivery.skipped {
        tracing::warn!(what = skipped.what, why = skipped.why, "a part of a webhook could not be read and is left out");
    }
    let connection = opened.arrived.route.connection.0.to_be_bytes();
    // A retry of Ayrshare's bears the same number, but not always the same bytes.
    let digest = delivery.id.map_or(opened.digest, |id| digest(&[b"id", &connection, id.as_bytes()]));
    let is_garbage = delivery.items.is_empty() && !delivery.skipped.is_empty();
    let items = delivery.items.into_iter().map(|what| {
        let account = account_of(&what, &opened.arrived.route, routes, accounts);
        let digest = item_digest(&what, account.as_ref().ok());
        Item { what, account, digest }
    });
    let items = items.collect();
    let outcome = is_garbage.then_some(DeliveryOutcome::Garbage);
    let came = delivery.sent_at.filter(|sent| !is_sure && *sent < now).unwrap_or(now);
    Opened { items, sent_at: delivery.sent_at, came, digest, outcome, ..opened }
}

/// Whose it is. An account that is read over another connection by now is none of this one's any more.
fn account_of(
    item: &HookItem,
    route: &Route,
    routes: &Routes,
    accounts: &[Account],
) -> std::result::Result<Account, DeliveryOutcome> {
    let named = accounts.iter().find(|a| a.platform == item.platform && Some(&a.remote_id) == item.account.as_ref());
    let found = named.or_else(|| {
        // Ayrshare does not always tell the two sides apart: the profile has one account a platform.
        if route.provider != Provider::Ayrshare {
            return None;
        }
        let connection = match &item.reference {
            Some(_) if item.reference == route.reference => route.connection,
            Some(_) => routes.all().into_iter().find(|other| other.reference == item.reference)?.connection,
            None => route.connection,
        };
        accounts.iter().find(|a| a.platform == item.platform && a.connection == Some(connection))
    });
    let account = found.ok_or(DeliveryOutcome::UnknownAccount)?;
    let is_ours = account.connection.is_some_and(|connection| routes.shares(route, connection));
    if is_ours { Ok(account.clone()) } else { Err(DeliveryOutcome::Disconnected) }
}

/// By what a thing is recognised when it is told again in other bytes: Meta packs what failed anew, and a notification of
/// Ayrshare's can come again under another number. What it tells counts, not when it was sent.
fn item_digest(item: &HookItem, account: Option<&Account>) -> DeliveryDigest {
    let id = |id: Option<&RemoteId>| id.map_or_else(String::new, |id| id.0.clone());
    let number = |at: Option<Timestamp>| at.map_or(0, |at| at.0).to_string();
    let mut words = vec![
        account.map_or(0, |account| account.id.0).to_string(),
        format!("{:?}", item.kind),
        id(item.person.as_ref()),
    ];
    if item.events.is_empty() {
        // Nothing tells two of them apart but their time.
        words.extend([number(item.at), item.raw.clone()]);
    }
    for event in &item.events {
        words.extend(match event {
            Event::Message(seen) => vec![seen.remote_id.0.clone(), seen.text.clone().unwrap_or_default()],
            Event::Edited { message, text, edition } => vec![message.0.clone(), edition.to_string(), text.clone()],
            Event::Reacted { message, by, emoji, at } => {
                vec![message.0.clone(), by.0.clone(), emoji.clone().unwrap_or_default(), number(Some(*at))]
            }
            Event::Unsent { message } | Event::ReadMessage { message } => vec![message.0.clone()],
            Event::ReadUpTo(at) => vec![number(Some(*at))],
            Event::Listed { message, at } => vec![message.0.clone(), number(Some(*at))],
            Event::Participant(_) | Event::Archived(_) | Event::Link(_) => Vec::new(),
        });
    }
    let parts: Vec<&[u8]> = words.iter().map(String::as_bytes).collect();
    digest(&parts)
}

/// Of parts that cannot run into each other.
fn digest(parts: &[&[u8]]) -> DeliveryDigest {
    let hash = parts.iter().fold(Sha256::new(), |hash, part| {
        hash.chain_update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes()).chain_update(part)
    });
    let mut short = DeliveryDigest::default();
    short.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    short
}

/// What the history knows of all of them, in one look.
async fn known(inner: &Inner, opened: &[Opened]) -> Result<Known> {
    let digests: Vec<DeliveryDigest> =
        opened.iter().flat_map(|one| one.items.iter().map(|item| item.digest).chain([one.digest])).collect();
    let items = opened.iter().flat_map(|one| &one.items);
    let people: BTreeSet<(AccountId, RemoteId)> = items
        .filter(|item| item.what.conversation.is_none())
        .filter_map(|item| Some((item.account.as_ref().ok()?.id, item.what.person.clone()?)))
        .collect();
    inner
        .read(move |c| {
            let mut conversations = BTreeMap::new();
            for (account, person) in people {
                if let Some(found) = db::conversation_of_person(c, account, &person)? {
                    conversations.insert((account, person), found);
                }
            }
            Ok(Known { seen: db::seen_deliveries(c, &digests)?, conversations })
        })
        .await
}

/// What is to be done about a delivery; the answer is the best that came of its items.
fn sort_out(inner: &Inner, one: &mut Opened, known: &mut Known, work: &mut Work) -> DeliveryOutcome {
    if !known.seen.insert(one.digest) {
        return DeliveryOutcome::Duplicate;
    }
    let outcomes = one.items.iter_mut().map(|item| match &item.account {
        Err(outcome) => *outcome,
        Ok(_) if !known.seen.insert(item.digest) => DeliveryOutcome::Duplicate,
        Ok(account) => work.add(account, &mut item.what, &known.conversations, one.arrived.at),
    });
    let best = outcomes.min().unwrap_or(DeliveryOutcome::Hint);
    let account = one.items.iter().find_map(|item| item.account.as_ref().ok());
    if let (Some(account), Some(sent_at)) = (account, one.sent_at) {
        let mut state = inner.webhooks.state();
        let newest = state.newest.entry(account.id).or_insert(sent_at);
        if sent_at < *newest && best == DeliveryOutcome::TakenIn {
            return DeliveryOutcome::Late;
        }
        *newest = sent_at.max(*newest);
    }
    best
}

impl Work {
    fn add(
        &mut self,
        account: &Account,
        item: &mut HookItem,
        conversations: &BTreeMap<(AccountId, RemoteId), RemoteId>,
        at: Timestamp,
    ) -> DeliveryOutcome {
        // X before the user said what reading may cost.
        if account.backfill == Backfill::AwaitingChoice {
            return DeliveryOutcome::Hint;
        }
        let is_graph = account.provider == Some(Provider::Meta);
        let wants_read = item.wants_read();
        let events = std::mem::take(&mut item.events);
        let found = item.person.clone().and_then(|person| conversations.get(&(account.id, person)));
        let Some(conversation) = item.conversation.as_ref().or(found) else {
            return match &item.person {
                Some(person) if is_graph && (wants_read || !events.is_empty()) => {
                    self.follow.push((account.id, Told::Person(person.clone())));
                    if !events.is_empty() {
                        let person = person.clone();
                        self.waiting.push(WaitingDelivery { account: account.id, person, at, events });
                    }
                    DeliveryOutcome::NewPerson
                }
                _ => {
                    if !is_graph && (wants_read || item.kind == HookKind::Linked) {
                        self.hurry.insert(account.id);
                    }
                    DeliveryOutcome::Hint
                }
            };
        };
        if wants_read && is_graph {
            self.follow.push((account.id, Told::Conversation(conversation.clone())));
        } else if wants_read || (!is_graph && item.kind == HookKind::Linked) {
            self.hurry.insert(account.id);
        }
        if events.is_empty() {
            return DeliveryOutcome::Hint;
        }
        self.pages.entry(account.id).or_default().push(page(conversation, events));
        DeliveryOutcome::TakenIn
    }
}

/// What a webhook tells of a conversation. It proves nothing complete, so there is no listing in it.
pub(super) fn page(conversation: &RemoteId, events: Vec<Event>) -> Page {
    let conversation = ConversationEvents { remote_id: conversation.clone(), events, ..ConversationEvents::default() };
    Page { conversations: vec![conversation], ..Page::default() }
}

/// Writes and follows; answers the accounts that could not be written.
async fn apply_all(inner: &Arc<Inner>, opened: &[Opened], work: Work) -> BTreeSet<AccountId> {
    let accounts: BTreeMap<AccountId, &Account> = opened
        .iter()
        .flat_map(|one| &one.items)
        .filter_map(|item| item.account.as_ref().ok())
        .map(|account| (account.id, account))
        .collect();
    let mut failed = BTreeSet::new();
    for (id, pages) in work.pages {
        let Some(account) = accounts.get(&id) else { continue };
        if let Err(error) = apply(inner, account, pages).await {
            tracing::error!(code = ?error.code, detail = error.detail, "what webhooks told could not be kept");
            failed.insert(id);
        }
    }
    follow::want(inner, work.follow);
    for account in work.hurry.iter().filter_map(|id| accounts.get(id)) {
        follow::hurry(inner, account);
    }
    failed
}

/// The one way in.
pub(super) async fn apply(inner: &Arc<Inner>, account: &Account, pages: Vec<Page>) -> Result<()> {
    let link = match account.connection {
        Some(connection) => inner.link(connection).await.ok(),
        None => None,
    };
    let now = inner.now();
    let context = ApplyContext {
        now: link.as_ref().map_or(now, |link| link.corrected(now)),
        arrival: Arrival::Webhook,
        auto_response: link.and_then(|link| link.auto_response_text()),
    };
    let bus = &inner.bus;
    let applied = while_busy(inner, || {
        inner.store.apply(account.id, pages.clone(), context.clone(), |batch| bus.publish(batch.changes.clone()))
    });
    let applied = applied.await;
    let applied = applied.map_err(|e| store_error(&e))?;
    let live = inner.live_of(account);
    if applied.new > 0 || applied.changed > 0 {
        live.sender.call();
    }
    inner.fetcher.call();
    if account.backfill == Backfill::Done {
        notify::after_apply(inner, &live, &applied.changes).await?;
    }
    Ok(())
}

/// Keeps what is shown of them, and by what they are recognised.
async fn close(inner: &Inner, opened: Vec<Opened>, failed: &BTreeSet<AccountId>) {
    let now = inner.now();
    let mut counts: BTreeMap<DeliveryOutcome, DeliveryCount> = BTreeMap::new();
    let came = opened.iter().map(|one| one.came).min();
    let mut rows = Vec::new();
    let mut digests = Vec::new();
    for one in opened {
        let accounts = || one.items.iter().filter_map(|item| item.account.as_ref().ok()).map(|account| account.id);
        let is_lost = accounts().any(|id| failed.contains(&id));
        let outcome = match one.outcome {
            Some(outcome) if !is_lost => outcome,
            _ => DeliveryOutcome::NotKept,
        };
        // What could not be written may come again.
        if outcome != DeliveryOutcome::NotKept {
            digests.extend(one.items.iter().map(|item| item.digest).chain([one.digest]));
        }
        let count = counts.entry(outcome).or_insert(DeliveryCount { outcome, count: 0, last_at: one.arrived.at });
        count.count += 1;
        count.last_at = count.last_at.max(one.arrived.at);
        rows.push(Delivery {
            at: one.arrived.at,
            connection: Some(one.arrived.route.connection),
            account: accounts().next(),
            what: one.items.first().map(|item| kind(item.what.kind)),
            items: u32::try_from(one.items.len()).unwrap_or(u32::MAX),
            outcome,
            took_ms: u32::try_from(now.since(one.arrived.at)).unwrap_or(0),
        });
    }
    if let Err(error) = super::keep(inner, rows, counts.into_values().collect(), digests, came).await {
        tracing::warn!(code = ?error.code, "what came of webhooks could not be kept");
    }
}

fn kind(kind: HookKind) -> DeliveryKind {
    match kind {
        HookKind::Message => DeliveryKind::Message,
        HookKind::Echo => DeliveryKind::Echo,
        HookKind::Unsent => DeliveryKind::Unsent,
        HookKind::Edited => DeliveryKind::Edited,
        HookKind::Reaction => DeliveryKind::Reaction,
        HookKind::Read => DeliveryKind::Read,
        HookKind::Delivered => DeliveryKind::Delivered,
        HookKind::Postback => DeliveryKind::Postback,
        HookKind::Referral => DeliveryKind::Referral,
        HookKind::OptIn => DeliveryKind::OptIn,
        HookKind::Handover => DeliveryKind::Handover,
        HookKind::Policy => DeliveryKind::Policy,
        HookKind::Linked => DeliveryKind::Linked,
        HookKind::Other => DeliveryKind::Other,
    }
}
