//! The pieces of work that run alone in a process of their own, so that callgrind can count them.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use backscroll_model::{Event, Page};

use backscroll_store::Arrival;

use crate::{
    bare::Bare,
    corpus::{Body, Corpus, NEWEST_MS, Size, answers, listing},
    subject::{Subject, decode},
};

/// Only makes the corpus.
pub const GENERATE: &str = "generate";
/// One insert into one table per message.
pub const BARE: &str = "bare";
/// Bytes to pages.
pub const DECODE: &str = "decode";
/// Bytes to committed rows.
pub const INGEST: &str = "ingest";
/// The same without keeping the raw payload.
pub const INGEST_WITHOUT_RAW: &str = "ingest-without-raw";
/// Without the payload, and the search index merged after each answer, as between rounds.
pub const INGEST_AND_MERGE: &str = "ingest-and-merge";
/// Each page oldest first, as no provider gives it.
pub const INGEST_SORTED: &str = "ingest-sorted";

/// One piece of work.
#[derive(Debug, clap::Args)]
pub struct Work {
    name: String,
    #[arg(long)]
    count: usize,
    #[arg(long)]
    dir: PathBuf,
    #[arg(long)]
    shape: Shape,
}

/// How the messages come.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Shape {
    /// One answer with 20 messages of each conversation: a first back-fill, or a catch-up.
    Backfill,
    /// Answers of 500 messages, which are spread over some 150 conversations each: the dearest way, because each
    /// conversation's row is written in each transaction.
    Scattered,
    /// Answers of 2,000 messages, 20 of each conversation: what rounds bring, one after the other.
    Rounds,
}

impl Shape {
    /// Its word for `--shape`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Backfill => "backfill",
            Self::Scattered => "scattered",
            Self::Rounds => "rounds",
        }
    }

    fn bodies(self, messages: usize) -> Vec<Body> {
        match self {
            Self::Backfill => vec![listing(4, messages / 20, 20, 0..0, NEWEST_MS)],
            Self::Scattered => {
                let size = Size { messages, conversations: messages / 5, thread: 0 };
                Corpus::new(4, size, 500).collect()
            }
            Self::Rounds => answers(4, messages / 20, 20, 100),
        }
    }
}

impl Work {
    /// Does it.
    pub fn run(&self) -> Result<()> {
        let dir = tempfile::tempdir_in(&self.dir)?;
        let bodies = self.shape.bodies(self.count);
        match self.name.as_str() {
            GENERATE => drop(std::hint::black_box(bodies)),
            BARE => {
                let mut bare = Bare::create(&dir.path().join("bare.db"))?;
                for body in &bodies {
                    bare.insert(&body.items)?;
                }
            }
            DECODE => {
                for body in &bodies {
                    std::hint::black_box(decode(body)?);
                }
            }
            INGEST => ingest(dir.path(), &bodies, |_| {}, false)?,
            INGEST_WITHOUT_RAW => ingest(dir.path(), &bodies, drop_payloads, false)?,
            INGEST_AND_MERGE => ingest(dir.path(), &bodies, drop_payloads, true)?,
            INGEST_SORTED => ingest(dir.path(), &bodies, |page| messages(page, |events| events.reverse()), false)?,
            other => bail!("no work is called {other}"),
        }
        Ok(())
    }
}

fn ingest(dir: &Path, bodies: &[Body], change: impl Fn(&mut Page), merge: bool) -> Result<()> {
    let subject = Subject::create(&dir.join("data"))?;
    for body in bodies {
        let mut pages = decode(body)?;
        pages.iter_mut().for_each(&change);
        subject.apply(body.platform, pages, Arrival::Backfill)?;
        if merge {
            subject.merge()?;
        }
    }
    Ok(())
}

fn drop_payloads(page: &mut Page) {
    messages(page, |events| {
        for event in events {
            if let Event::Message(message) = event {
                message.raw = String::new();
            }
        }
    });
}

fn messages(page: &mut Page, change: impl Fn(&mut Vec<Event>)) {
    for conversation in &mut page.conversations {
        change(&mut conversation.events);
    }
}
