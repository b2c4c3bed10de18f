//! `backscroll sync`: one round of every account, or rounds until interrupted.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::ExitCode,
};

use backscroll_engine::{Inbox, next_changes};
use backscroll_model::*;
use serde::Serialize;

use crate::{args::SyncArguments, demo::interrupted, folder::Folder, output::Output, texts};

/// What changed in one account.
#[derive(Serialize)]
struct Row {
    account: String,
    platform: &'static str,
    name: String,
    new_messages: u32,
    changed_messages: u32,
    conversations: u32,
    skipped: u32,
    calls: u32,
    health: String,
    next_update: Option<i64>,
}

/// Runs `sync`.
pub async fn run(folder: &Folder, arguments: &SyncArguments, out: &mut Output) -> anyhow::Result<ExitCode> {
    let inbox = folder.own().await?;
    let code = if arguments.watch {
        watch(&inbox, arguments.account, out).await?;
        ExitCode::SUCCESS
    } else {
        once(&inbox, arguments.account, out).await?
    };
    inbox.stop().await;
    Ok(code)
}

async fn once(inbox: &Inbox, account: Option<AccountId>, out: &mut Output) -> anyhow::Result<ExitCode> {
    let reports = inbox.sync_once(account).await?;
    let accounts = accounts(inbox).await?;
    let mut failed = false;
    for report in reports {
        failed |= !works(&report.health);
        let Some(account) = accounts.get(&report.account) else { continue };
        let row = Row {
            account: account.id.to_string(),
            platform: account.platform.as_str(),
            name: account.name.clone(),
            new_messages: report.new_messages,
            changed_messages: report.changed_messages,
            conversations: report.conversations,
            skipped: report.skipped,
            calls: report.calls,
            health: texts::health(&report.health),
            next_update: report.next_update.map(|at| at.0),
        };
        print(&row, account.platform, out)?;
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Whether a round succeeded. A clock that is off does not keep messages from coming; an account that was disconnected,
/// or whose X history waits for the user's choice, was not asked for any.
fn works(health: &Health) -> bool {
    matches!(health, Health::Ok | Health::Starting | Health::ClockOff { .. } | Health::Disconnected)
}

/// Reads and sends until interrupted; a line whenever something of an account changed.
async fn watch(inbox: &Inbox, only: Option<AccountId>, out: &mut Output) -> anyhow::Result<()> {
    let mut changes = inbox.changes();
    let mut told = Told::default();
    inbox.start().await;
    let stop = interrupted();
    tokio::pin!(stop);
    loop {
        let batch = tokio::select! {
            () = &mut stop => return Ok(()),
            batch = next_changes(&mut changes) => batch,
        };
        let Some(batch) = batch else { return Ok(()) };
        tell(inbox, only, &batch, &mut told, out).await?;
    }
}

/// What was printed about each account: calls so far, and health.
#[derive(Default)]
struct Told(BTreeMap<AccountId, (u32, String)>);

#[derive(Default)]
struct Tally {
    new: u32,
    changed: u32,
    conversations: BTreeSet<ConversationId>,
}

async fn tell(
    inbox: &Inbox,
    only: Option<AccountId>,
    batch: &[Change],
    told: &mut Told,
    out: &mut Output,
) -> anyhow::Result<()> {
    let mut touched: BTreeMap<ConversationId, (u32, u32)> = BTreeMap::new();
    for change in batch {
        if let Change::Messages { conversation, ids, added } = change {
            let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
            let (new, changed) = touched.entry(*conversation).or_default();
            *(if *added { new } else { changed }) += count;
        }
    }
    let mut tallies: BTreeMap<AccountId, Tally> = BTreeMap::new();
    for conversation in inbox.conversations_by_id(touched.keys().copied().collect()).await? {
        let (new, changed) = touched.get(&conversation.id).copied().unwrap_or_default();
        let tally = tallies.entry(conversation.account).or_default();
        tally.new += new;
        tally.changed += changed;
        tally.conversations.insert(conversation.id);
    }
    for account in accounts(inbox).await?.into_values().filter(|account| only.is_none_or(|id| id == account.id)) {
        let tally = tallies.remove(&account.id).unwrap_or_default();
        let health = texts::health(&account.health);
        let (calls_before, health_before) = told.0.get(&account.id).cloned().unwrap_or_default();
        if tally.conversations.is_empty() && health == health_before {
            continue;
        }
        let calls = inbox.account_page(account.id).await?.calls;
        let row = Row {
            account: account.id.to_string(),
            platform: account.platform.as_str(),
            name: account.name.clone(),
            new_messages: tally.new,
            changed_messages: tally.changed,
            conversations: u32::try_from(tally.conversations.len()).unwrap_or(u32::MAX),
            skipped: 0,
            calls: calls.saturating_sub(calls_before),
            health: health.clone(),
            next_update: None,
        };
        told.0.insert(account.id, (calls, health));
        print(&row, account.platform, out)?;
    }
    out.flush()
}

async fn accounts(inbox: &Inbox) -> anyhow::Result<BTreeMap<AccountId, Account>> {
    Ok(inbox.accounts().await?.into_iter().map(|account| (account.id, account)).collect())
}

fn print(row: &Row, platform: Platform, out: &mut Output) -> anyhow::Result<()> {
    out.object(row, || {
        let count = |key: &str, count: u32| texts::text(key, &[("count", &count.to_string())]);
        vec![
            row.account.clone(),
            platform.brand().to_owned(),
            row.name.clone(),
            count("cli_new", row.new_messages),
            count("cli_changed", row.changed_messages),
            count("cli_calls", row.calls),
            row.health.clone(),
        ]
    })
}
