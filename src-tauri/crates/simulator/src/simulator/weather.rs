//! Making things go wrong: faults of single requests, of the network, of the clock.

use crate::fault::{Fault, FaultRule};
use crate::limits::Cache;
use crate::net::Network;
use crate::simulator::Simulator;
use crate::state::SimError;

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

    /// Disarms all rules.
    pub fn clear_faults(&self) {
        self.core.lock().faults.clear();
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
