//! What the user does.

use backscroll_adapters::Secret;
use backscroll_model::*;

use super::Run;
use crate::{graph::PAGE, invariants};

impl Run {
    /// A key that was refused by chance is given again.
    pub(super) async fn mend(&self) {
        let accounts = self.desk.inbox().accounts().await.unwrap();
        if accounts.iter().all(|account| account.health.heals_itself()) {
            return;
        }
        let inbox = self.desk.inbox();
        let mended = async {
            match self.provider {
                Provider::Ayrshare => {
                    let key = Secret::new(self.desk.sim.api_key());
                    inbox.reconnect_ayrshare(self.connection, Some(key), None, None).await.map(drop)
                }
                Provider::Meta => {
                    let token = Secret::new(self.desk.sim.graph().page_token(PAGE));
                    inbox.reconnect_meta(self.connection, Some(token), None).await.map(drop)
                }
            }
        };
        // It may meet the weather, too; then it is mended the next time. A check at Graph waits up to ten seconds for its
        // turn on each platform.
        let (_, ()) = tokio::join!(mended, self.desk.advance(25));
    }

    /// What a person does about messages that are stuck.
    pub(super) async fn tidy_up(&mut self, patience: i64) {
        let now = self.now();
        for id in self.open.clone() {
            let progress = self.desk.progress(id).await;
            if progress.state != SendState::NeedsReview {
                self.in_review.remove(&id);
            }
            let decision = match (progress.state, &progress.reason) {
                (SendState::Accepted | SendState::Settled, _) => {
                    self.open.remove(&id);
                    continue;
                }
                (SendState::NeedsReview, _) => {
                    let since = *self.in_review.entry(id).or_insert(now);
                    if now - since < patience {
                        continue;
                    }
                    self.one_of(&[SendDecision::SendAgain, SendDecision::ItArrived, SendDecision::Discard])
                }
                (SendState::Failed, _) => self.one_of(&[SendDecision::Retry, SendDecision::Discard]),
                (SendState::Queued, Some(SendReason::Stale { .. })) => SendDecision::SendNow,
                _ => continue,
            };
            let had_arrived = self.has_arrived(id);
            match self.desk.inbox().decide(id, decision).await {
                Ok(()) => {
                    self.desk.decided(id, decision);
                    if progress.state == SendState::NeedsReview && self.decided.insert(id) && had_arrived {
                        self.left_to_the_user.push((id, now, progress));
                    }
                    if decision == SendDecision::Discard {
                        self.open.remove(&id);
                    }
                }
                // An echo, or the task, was faster.
                Err(error) => assert_eq!(error.code, ErrorCode::TooLate, "{decision:?} of {progress:?}"),
            }
        }
    }

    /// Whether it is told from all others by its words, or its file, and is in the ledger.
    fn has_arrived(&self, id: MessageId) -> bool {
        let intents = self.desk.intents();
        let said = &intents.iter().find(|intent| intent.message == id.0).unwrap().text;
        let is_one = intents.iter().filter(|intent| intent.text == *said).count() == 1;
        is_one && self.desk.sim.delivered().iter().any(|entry| invariants::words_of(entry).as_ref() == Some(said))
    }
}
