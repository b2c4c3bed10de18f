//! Making things go wrong: faults of single requests, of the network, of the clock.

use crate::echo::Echo;
use crate::fault::{Fault, FaultRule};
use crate::limits::Cache;
use crate::meanwhile::Meanwhile;
use crate::net::Network;
use crate::simulator::Simulator;
use crate::state::{Chat, SimError};

impl Simulator {
    /// What the server tells of its time (`Date`, `lastUpdated`, `nextUpdate`) is wrong by so many milliseconds.
    pub fn set_clock_skew(&self, ms: i64) {
        self.core.lock().skew_ms = ms;
    }

    /// Whether people read and answer what is sent from now on.
    pub fn set_people_answer(&self, on: bool) {
        self.core.lock().people_answer = on;
    }

    /// All X cursors handed out so far become invalid.
    pub fn expire_cursors(&self) {
        self.core.lock().cursor_epoch += 1;
    }

    /// All cached answers are forgotten: the next GET reads afresh.
    pub fn drop_cache(&self) {
        self.core.lock().cache = Cache::default();
    }

    /// A fault for requests of this method whose path (under the base URL) begins so: `sim.on("POST", "/messages/")`.
    pub fn on(&self, method: &str, path: &str) -> FaultRule<'_> {
        FaultRule::new(&self.core, Some(method), path)
    }

    /// A fault for requests of any method under this path.
    pub fn on_any(&self, path: &str) -> FaultRule<'_> {
        FaultRule::new(&self.core, None, path)
    }

    /// The next request of any kind fails so.
    pub fn fail_next(&self, fault: Fault) {
        self.on_any("").fail(fault);
    }

    /// Disarms all rules, those about echoes included.
    pub fn clear_faults(&self) {
        let mut state = self.core.lock();
        state.faults.clear();
        state.hooks.echoes.clear();
        state.graph.hooks.echoes.clear();
    }

    /// What becomes of the next `times` of Ayrshare's webhooks that tell of the business's own messages (`u32::MAX`: of all
    /// from now on). Meta's echoes have [`crate::Graph::echoes`].
    pub fn echoes(&self, times: u32, echo: Echo) {
        self.core.lock().hooks.echoes.arm(times, echo);
    }

    /// This changes now; to tie it to a request, use [`Fault::Before`] or [`Fault::After`].
    pub fn meanwhile(&self, what: Meanwhile) {
        self.core.lock().meanwhile(what);
    }

    /// The network closes the reply window of this conversation, at both faces, until the person writes again.
    ///
    /// # Errors
    /// When the conversation is gone.
    pub fn close_window(&self, chat: &Chat) -> Result<(), SimError> {
        self.core.lock().close_window(chat)
    }

    /// How many rules have not been used up: zero when every planned fault has struck.
    #[must_use]
    pub fn faults_waiting(&self) -> usize {
        self.core.lock().faults.waiting()
    }

    /// Switches the network for everybody. Open connections are reset at each switch.
    ///
    /// # Errors
    /// When the port could not be bound again.
    pub fn set_network(&self, network: Network) -> Result<(), SimError> {
        Ok(self.core.net.set(network)?)
    }

    /// The state of the network.
    #[must_use]
    pub fn network(&self) -> Network {
        self.core.net.state()
    }
}
