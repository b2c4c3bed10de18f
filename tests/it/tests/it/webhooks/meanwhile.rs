//! What webhooks tell while the reading for an earlier one waits for its turn.

use std::time::Duration;

use backscroll_simulator::{Synthetic, WorldKind};

use super::Hooked;
use crate::world::Sim;

#[tokio::test]
async fn what_is_told_while_a_reading_waits_for_its_turn_is_taken_in_and_keeps_nobody_from_resting() {
    let kind = Synthetic { conversations: 24, messages_per_conversation: 2, platforms: vec![Sim::Facebook] };
    let hooked = Hooked::at_graph(WorldKind::Synthetic(kind)).await;
    let chats = hooked.chats(Sim::Facebook);
    let (late, early) = chats.split_last().unwrap();
    for chat in early {
        hooked.graph().receive(chat, "News").unwrap();
    }
    hooked.delivered().await;
    // The reading for the webhooks begins, and right behind it a walk, whose three pages take the turns of two seconds.
    hooked.sim.advance(Duration::from_secs(1)).await;
    hooked.clock.wake_due();
    hooked.inbox().sync_soon();
    hooked.settle().await;
    hooked.graph().receive(late, "Meanwhile").unwrap();
    // Time stands still: neither can be read before this is over.
    hooked.delivered().await;
    assert!(hooked.texts(late).await.contains(&"Meanwhile".to_owned()));
}
