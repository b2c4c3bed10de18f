//! The program is killed while it sends, in a process of its own.

use std::time::Duration;

use backscroll_model::MessageId;
use rand::{RngExt as _, seq::IndexedRandom as _};
use serde_json::json;

use super::Run;
use crate::{crash::Worker, invariants};

impl Run {
    /// Quits, has another process send a few, kills that at any instant, and starts again.
    pub(super) async fn dies(&mut self, text: &str) {
        let mut rows = Vec::new();
        for _ in 0..3 {
            let chat = self.chats.choose(&mut self.rng).unwrap().clone();
            rows.push((self.desk.conversation(&chat).await.id, chat));
        }
        self.desk.world.close().await;
        let mut worker = Worker::start(&self.desk).await;
        worker.ask(&json!({ "do": "start" }));
        let mut asked = Vec::new();
        for (n, (row, chat)) in rows.into_iter().enumerate() {
            let text = format!("{text}, {n}, at {}", self.now());
            worker.ask(&json!({ "do": "send", "conversation": row, "text": text }));
            asked.push((chat, text));
        }
        // Not a wait for anything: the instant of death is what is random.
        tokio::time::sleep(Duration::from_millis(self.rng.random_range(0..150))).await;
        worker.kill();
        let mut asked = asked.into_iter();
        while let Some(answer) = worker.answer().await {
            if answer.get("started").is_some() {
                continue;
            }
            let (chat, text) = asked.next().unwrap();
            if let Some(message) = answer["queued"].as_i64() {
                self.acknowledged(&chat.conversation, &text, message);
            }
        }
        // A kill between the commit and the answer leaves one that nobody was told of.
        for (chat, text) in asked {
            if let Some(message) = self.committed(&text) {
                self.acknowledged(&chat.conversation, &text, message);
            }
        }
        // No start is before the end of the run before it.
        self.desk.sim.advance(Duration::from_secs(5)).await;
        self.desk.restart().await;
        self.desk.check();
    }

    fn acknowledged(&mut self, conversation: &str, text: &str, message: i64) {
        let chat = self.chats.iter().find(|chat| chat.conversation == conversation).unwrap();
        self.desk.acknowledged(chat, text, MessageId(message));
        self.open.insert(MessageId(message));
    }

    fn committed(&self, text: &str) -> Option<i64> {
        let db = invariants::snapshot(self.desk.data());
        let mut found =
            db.prepare("SELECT m.id FROM part p JOIN message m ON m.id = p.message WHERE m.text = ?1").unwrap();
        found.query_map([text], |row| row.get(0)).unwrap().next().map(Result::unwrap)
    }
}
