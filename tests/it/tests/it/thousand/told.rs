//! Whether what is said of each message is true.

use std::collections::BTreeMap;

use backscroll_model::MessageId;
use backscroll_simulator::LedgerEntry;

use super::Run;
use crate::invariants;

/// A message of ours and its sending.
struct Sent {
    message: i64,
    remote_id: Option<String>,
    text: Option<String>,
    client_ref: String,
    /// Nobody knew of one of its attempts.
    was_unclear: bool,
    /// The hash of its file, in hex.
    file: Option<String>,
}

impl Run {
    /// Nothing is called what it is not: a message is the one that its sending planted, with the file that was chosen, and
    /// of those which arrived without a word nearly all are known to have.
    pub(super) fn is_told_truly(&self) {
        let ledger: BTreeMap<String, LedgerEntry> =
            self.desk.sim.delivered().into_iter().map(|entry| (entry.id.clone(), entry)).collect();
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for intent in self.desk.intents() {
            *times.entry(intent.text).or_default() += 1;
        }
        let mut resolved = 0;
        for sent in self.sent() {
            let entry = sent.remote_id.as_ref().and_then(|id| ledger.get(id));
            if let Some(entry) = entry {
                assert_eq!(entry.text, sent.text, "another message's id");
                let file = entry.files.first().and_then(|file| file.sha256.clone());
                assert_eq!(file, sent.file, "another file");
                if let Some(planted) = &entry.metadata {
                    assert_eq!(planted, &sent.client_ref, "the id of another message of the same words");
                }
            }
            // Of the same words only the platform knows which arrived.
            let words = entry.and_then(invariants::words_of);
            let is_one = sent.was_unclear && words.is_some_and(|words| times.get(&words) == Some(&1));
            resolved += usize::from(is_one && !self.decided.contains(&MessageId(sent.message)));
        }
        let unconfirmed = resolved + self.left_to_the_user.len();
        println!(
            "{} messages, {} of them files, are with the customers; {unconfirmed} arrived without a word, {resolved} of them \
             were found without the user",
            ledger.len(),
            ledger.values().filter(|entry| !entry.files.is_empty()).count()
        );
        assert!(resolved * 100 >= unconfirmed * 98, "{resolved} of {unconfirmed}; not {:?}", self.left_to_the_user);
    }

    fn sent(&self) -> Vec<Sent> {
        let db = invariants::snapshot(self.desk.data());
        db.prepare(
            "SELECT m.id, m.remote_id, m.text, p.client_ref,
                EXISTS (SELECT 1 FROM attempt t WHERE t.part = p.id AND t.outcome = ?1),
                (SELECT lower(hex(f.sha256)) FROM outgoing_file f WHERE f.part = p.id)
             FROM part p JOIN message m ON m.id = p.message",
        )
        .unwrap()
        .query_map([invariants::AMBIGUOUS], |row| {
            Ok(Sent {
                message: row.get(0)?,
                remote_id: row.get(1)?,
                text: row.get(2)?,
                client_ref: row.get(3)?,
                was_unclear: row.get(4)?,
                file: row.get(5)?,
            })
        })
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
    }

    /// What stands for the words of a message that is a file, here and in the invariants.
    pub(super) fn file_of(&self, message: MessageId) -> String {
        let db = rusqlite::Connection::open(self.desk.data().join("backscroll.db")).unwrap();
        let sql = "SELECT lower(hex(f.sha256)) FROM outgoing_file f JOIN part p ON p.id = f.part WHERE p.message = ?1";
        let hash: String = db.query_row(sql, [message.0], |row| row.get(0)).unwrap();
        invariants::words_of_file(&hash)
    }
}
