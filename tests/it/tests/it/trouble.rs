//! What the user or the provider must mend, row by row: the right health or error in the right place, nothing lost, other
//! accounts go on, and it heals. What only comes as a strange answer is in `answers.rs`.

mod breaking;
mod connecting;
mod keys;
mod pace;

use std::time::Duration;

use backscroll_adapters::Secret;
use backscroll_engine::{AyrshareSecrets, Limits};
use backscroll_model::*;
use backscroll_simulator::{Cut, Fault, Network, ProfileId, SimOptions, Simulator, WorldKind};

use crate::{
    desk::Desk,
    invariants,
    world::{Sim, World, comes_true},
};

pub use connecting::refusal;

/// A shop of somebody else, at another provider's door, connected beside the one of the desk.
struct Neighbour {
    sim: Simulator,
    account: AccountId,
}

impl Neighbour {
    async fn moves_in(desk: &World) -> Self {
        let options =
            SimOptions { seed: 8, people_answer: false, ..SimOptions::new(WorldKind::Small, desk.sim.clock().clone()) };
        let sim = Simulator::start(options).await.unwrap();
        let secrets = AyrshareSecrets { api_key: Secret::new(sim.api_key()), ..desk.secrets(ProfileId::PRIMARY) };
        let accounts = desk.inbox().connect_ayrshare(Some(sim.base_url().to_owned()), secrets, None).await.unwrap();
        let account = accounts.iter().find(|a| a.platform == Platform::Messenger).unwrap().id;
        Self { sim, account }
    }

    /// Writes, and is heard.
    async fn is_heard(&self, desk: &World) {
        let chat = self.sim.chats(ProfileId::PRIMARY, Sim::Facebook).remove(0);
        let id = self.sim.inbound(&chat, "And me?").unwrap();
        desk.advance(320).await;
        let accounts = desk.inbox().accounts().await.unwrap();
        let account = accounts.iter().find(|a| a.id == self.account).unwrap();
        assert_eq!(account.health, Health::Ok, "the neighbour");
        let held: i64 = invariants::snapshot(desk.data())
            .query_row("SELECT count(*) FROM message WHERE remote_id = ?1", [id], |r| r.get(0))
            .unwrap();
        assert_eq!(held, 1, "the neighbour is read on");
    }
}
