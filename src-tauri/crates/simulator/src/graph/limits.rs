//! How often one may ask: two conversation reads a second per Page and platform, sends by their own limits (300 a second,
//! 10 with sound or film), and the meters (reference 5.3–5.5). Reads and sends never count against each other.
//!
//! Time is the simulator's. A read that was refused is not counted against the second; everything of sections 2 to 4
//! counts as a conversation read, each id of `?ids=` and each item of a batch for itself.

use crate::graph::error::GraphError;
use crate::graph::state::TokenKind;
use crate::platform::Platform;
use crate::state::State;
use crate::world::ProfileId;

const SECOND_MS: i64 = 1_000;

/// Refuses what a full meter refuses. Called for every call once its platform is known.
pub(crate) fn meter(state: &State, kind: TokenKind, platform: Option<Platform>) -> Result<(), GraphError> {
    let status = state.graph.knobs.throttled_status;
    let TokenKind::Page(profile) = kind else {
        if state.graph.app_meter.full() {
            return Err(GraphError::of(4, None).http(status));
        }
        return Ok(());
    };
    let account = platform.unwrap_or(Platform::Facebook);
    if !state.graph.meters.get(&(profile, account)).is_some_and(|m| m.full()) {
        return Ok(());
    }
    let code = match platform {
        Some(Platform::Instagram) => 80_002,
        Some(_) => 80_006,
        None => 80_001,
    };
    Err(GraphError::of(code, None).subcode(2_446_079).http(status))
}

/// One more conversation read of this Page and platform.
pub(crate) fn read(state: &mut State, now: i64, profile: ProfileId, platform: Platform) -> Result<(), GraphError> {
    meter(state, TokenKind::Page(profile), Some(platform))?;
    let Some(most) = state.graph.knobs.reads_per_second else { return Ok(()) };
    let status = state.graph.knobs.throttled_status;
    let times = state.graph.paced.entry((profile, platform)).or_default();
    while times.front().is_some_and(|at| at + SECOND_MS <= now) {
        times.pop_front();
    }
    if times.len() >= most {
        return Err(GraphError::of(613, None).http(status));
    }
    times.push_back(now);
    Ok(())
}

/// One more send, sender action or reaction of this Page on one platform; `loud`: it carries sound or film.
///
/// *Choice*: one that is refused for another reason afterwards has been counted.
pub(crate) fn send(state: &mut State, now: i64, account: (ProfileId, Platform), loud: bool) -> Result<(), GraphError> {
    let knobs = &state.graph.send;
    let Some(most) = (if loud { knobs.loud_per_second } else { knobs.per_second }) else { return Ok(()) };
    let status = state.graph.knobs.throttled_status;
    let times = state.graph.sent.entry((account.0, account.1, loud)).or_default();
    while times.front().is_some_and(|at| at + SECOND_MS <= now) {
        times.pop_front();
    }
    if times.len() >= most {
        return Err(GraphError::of(613, Some(2_534_040)).http(status));
    }
    times.push_back(now);
    Ok(())
}
