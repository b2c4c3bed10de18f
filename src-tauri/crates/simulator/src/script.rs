//! The demo's first ninety seconds: customers write, the connection drops, an answer gets lost on the way back.
//!
//! Every step has a fixed instant on the simulator's clock, counted from the start of the script. The desktop shows
//! what the product does with it; nothing here knows the product.

use std::time::Duration;

use crate::acts::Inbound;
use crate::fault::{Fault, FaultRule};
use crate::net::Network;
use crate::platform::Platform;
use crate::state::{Act, Chat, Core, State};
use crate::world::ProfileId;

/// A step of the demo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beat {
    /// This customer writes this.
    Writes(Chat, String),
    /// The network goes away.
    ConnectionDrops,
    /// The network is back.
    ConnectionReturns,
    /// The next send is delivered, and its answer never arrives.
    NextAnswerGetsLost,
}

/// A step and its instant after the start of the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// After the start.
    pub after: Duration,
    /// What happens.
    pub beat: Beat,
}

const CAST: [(u64, ProfileId, Platform, &str); 3] = [
    (
        8,
        ProfileId(0),
        Platform::Instagram,
        "Hi again! One more thing: could you write “Happy 40th, Tom” on the cake? 🎂",
    ),
    (25, ProfileId(1), Platform::Facebook, "We are on the ferry now, about 20 minutes late. Is our table still ok?"),
    (70, ProfileId(0), Platform::Facebook, "Do you still have two loaves of the dark rye? I can be there before six."),
];
const DROPS_AT: u64 = 38;
const RETURNS_AT: u64 = 50;
const LOST_FROM: u64 = 54;

impl State {
    /// Plans the script from `now` on and says what will happen when.
    pub(crate) fn demo_script(&mut self, now: i64) -> Vec<Scene> {
        let mut scenes = Vec::new();
        for (after, profile, platform, text) in CAST {
            // The first person of the account: the one whose conversation the dialogue file puts on top.
            if let Some(chat) = self.chats(Some(profile), Some(platform)).first() {
                scenes.push(scene(after, Beat::Writes(chat.clone(), text.to_owned())));
            }
        }
        scenes.push(scene(DROPS_AT, Beat::ConnectionDrops));
        scenes.push(scene(RETURNS_AT, Beat::ConnectionReturns));
        scenes.push(scene(LOST_FROM, Beat::NextAnswerGetsLost));
        scenes.sort_by_key(|s| s.after);
        for scene in &scenes {
            let at = now + i64::try_from(scene.after.as_millis()).unwrap_or(0);
            self.queue.plan(at, Act::Beat(scene.beat.clone()));
        }
        scenes
    }
}

fn scene(after_s: u64, beat: Beat) -> Scene {
    Scene { after: Duration::from_secs(after_s), beat }
}

impl Core {
    pub(crate) fn beat(&self, beat: &Beat, at: i64) {
        let done = match beat {
            Beat::Writes(chat, text) => self.lock().receive(at, chat, Inbound::text(text.clone())).map(drop),
            Beat::ConnectionDrops => self.net.set(Network::Refused).map_err(Into::into),
            Beat::ConnectionReturns => self.net.set(Network::Up).map_err(Into::into),
            Beat::NextAnswerGetsLost => {
                FaultRule::new(self, Some("POST"), "/messages/").fail(Fault::apply_then_drop());
                Ok(())
            }
        };
        if let Err(error) = done {
            tracing::warn!(%error, ?beat, "a step of the demo failed");
        }
    }
}
