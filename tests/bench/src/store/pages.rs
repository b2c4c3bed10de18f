//! P3 and P4: a page of a thread with everything that a bubble shows, and a page of the conversation list, beside the
//! same rows read by rowid from a table without anything.

use std::path::Path;

use anyhow::{Context as _, Result};
use backscroll_model::{Message, MessageId, Place, StateFilter, ThreadPosition};
use rand::{RngExt as _, SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;
use rusqlite::Connection;

use crate::{
    bare::Bare,
    measure::{Clock, Samples, alone, alternate},
    report::{Plot, Report, Series},
    subject::{Subject, list_page, thread_page, whole_list},
};

/// Places in a thread or a list that are read.
const PLACES: usize = 300;
/// Times that each is read and counted.
const ROUNDS: usize = 5;

/// Times of all kinds of pages of one history.
pub struct Pages {
    thread: Samples,
    thread_bare: Samples,
    around: Samples,
    newest: Samples,
    list: Samples,
    list_bare: Samples,
    first_list: Samples,
    first_bare: Samples,
    every_state: Samples,
    badge: Samples,
}

/// Reads pages at random places. `messages` only names the bare copy.
pub fn measure(subject: &Subject, dir: &Path, messages: usize) -> Result<Pages> {
    let thread = subject.thread()?;
    let bare_file = dir.join("bare-pages.db");
    let _ = std::fs::remove_file(&bare_file);
    let mut bare = Bare::create(&bare_file)?;
    // On the reader's own thread, so that its CPU time is the whole cost.
    let pages = subject.read(move |db| {
        let mut rng = ChaCha8Rng::seed_from_u64(messages as u64);
        let (held, places) = walk(db, thread)?;
        bare.copy_messages(&held)?;
        let total = bare.messages();
        let mut spots: Vec<(ThreadPosition, i64)> =
            places.into_iter().enumerate().map(|(n, place)| (before(place), total + 1 - 50 * (n as i64 + 1))).collect();
        spots.shuffle(&mut rng);
        spots.truncate(PLACES);
        let (thread_bare, thread_times) = alternate(
            Clock::Cpu,
            ROUNDS,
            spots.len(),
            |n| spots.get(n).map(|(_, rowid)| bare.page(*rowid)).context("no such place")?,
            |n| spots.get(n).map(|(position, _)| thread_page(db, thread, position)).context("no such place")?,
        )?;
        let ids: Vec<MessageId> =
            (0..PLACES).filter_map(|_| held.get(rng.random_range(0..held.len())).map(|m| m.id)).collect();
        let around = alone(Clock::Cpu, ROUNDS, ids.len(), |n| {
            let message = *ids.get(n).context("no such message")?;
            thread_page(db, thread, &ThreadPosition::Around { message })
        })?;
        let newest = alone(Clock::Cpu, ROUNDS, PLACES, |_| thread_page(db, thread, &ThreadPosition::Newest))?;
        drop(held);

        // Every state, so that a list of 20,000 is one: the rule of the first back-fill puts most into Done.
        let (rows, places) = whole_list(db, Some(StateFilter::Done))?;
        let (open, open_places) = whole_list(db, Some(StateFilter::Open))?;
        let (rows, places, state) = if rows.len() > open.len() {
            (rows, places, StateFilter::Done)
        } else {
            (open, open_places, StateFilter::Open)
        };
        bare.copy_conversations(&rows)?;
        let mut spots: Vec<(Option<Place>, i64)> =
            places.into_iter().enumerate().map(|(n, place)| (Some(place), 50 * (n as i64 + 1))).collect();
        spots.shuffle(&mut rng);
        spots.truncate(PLACES);
        let (list_bare, list) = alternate(
            Clock::Cpu,
            ROUNDS,
            spots.len(),
            |n| spots.get(n).map(|(_, rowid)| bare.list(*rowid)).context("no such place")?,
            |n| spots.get(n).map(|(after, _)| list_page(db, Some(state), after.as_ref())).context("no such place")?,
        )?;
        let (first_bare, first_list) =
            alternate(Clock::Cpu, ROUNDS, PLACES, |_| bare.list(0), |_| list_page(db, Some(state), None))?;
        let every_state = alone(Clock::Cpu, ROUNDS, PLACES, |_| list_page(db, None, None))?;
        let badge = alone(Clock::Cpu, ROUNDS, PLACES, |_| Ok(backscroll_store::counts(db)?))?;
        Ok(Pages {
            thread: thread_times,
            thread_bare,
            around,
            newest,
            list,
            list_bare,
            first_list,
            first_bare,
            every_state,
            badge,
        })
    })?;
    Ok(pages)
}

impl Pages {
    /// Median of a thread page, µs.
    pub fn thread_p50(&self) -> f64 {
        self.thread.p50()
    }

    /// Median of a bare page of the same rows, µs.
    pub fn bare_p50(&self) -> f64 {
        self.thread_bare.p50()
    }

    /// Median of a page of the list, µs.
    pub fn list_p50(&self) -> f64 {
        self.list.p50()
    }

    /// Median of reading the counters, µs.
    pub fn badge_p50(&self) -> f64 {
        self.badge.p50()
    }

    /// Puts P3 and P4 into the report.
    pub fn tell(&self, report: &mut Report) {
        report.compared("P3.thread.p50", "µs CPU", self.thread.p50(), self.thread_bare.p50(), Some(7.0));
        report.compared("P3.thread.p99", "µs CPU", self.thread.p99(), self.thread_bare.p50(), Some(15.0));
        report.compared("P3.around.p50", "µs CPU", self.around.p50(), self.thread_bare.p50(), None);
        report.compared("P3.newest.p50", "µs CPU", self.newest.p50(), self.thread_bare.p50(), None);
        report.compared("P4.list.p50", "µs CPU", self.list.p50(), self.list_bare.p50(), Some(3.0));
        report.compared("P4.list-first.p50", "µs CPU", self.first_list.p50(), self.first_bare.p50(), Some(3.0));
        report.compared("P4.list-every-state.p50", "µs CPU", self.every_state.p50(), self.first_bare.p50(), None);
        report.shown("P4.badge.p50", "µs CPU", self.badge.p50());
        report.plot(
            "P3",
            quantiles(
                "A page of 50 anywhere in a thread of 100,000",
                &[("bare", &self.thread_bare), ("thread", &self.thread), ("around a message", &self.around)],
            ),
        );
        report.plot(
            "P4",
            quantiles(
                "A page of 50 conversations of 20,000",
                &[("bare", &self.list_bare), ("list", &self.list), ("counters", &self.badge)],
            ),
        );
    }
}

fn quantiles(title: &str, of: &[(&str, &Samples)]) -> Plot {
    Plot {
        title: title.to_owned(),
        x: "percent of the reads".to_owned(),
        y: "µs CPU at most".to_owned(),
        log_x: false,
        log_y: true,
        series: of.iter().map(|(name, samples)| Series::line(name, samples.curve())).collect(),
    }
}

fn before(place: Place) -> ThreadPosition {
    ThreadPosition::Before { place }
}

/// The whole thread, oldest first, and the place before each page, newest first.
pub fn walk(db: &Connection, thread: backscroll_model::ConversationId) -> Result<(Vec<Message>, Vec<Place>)> {
    let (mut pages, mut places) = (Vec::new(), Vec::new());
    let mut position = ThreadPosition::Newest;
    loop {
        let page = thread_page(db, thread, &position)?;
        pages.push(page.messages);
        let Some(place) = page.before else { break };
        places.push(place.clone());
        position = before(place);
    }
    pages.reverse();
    Ok((pages.into_iter().flatten().collect(), places))
}
