//! What can happen to the next echoes: the webhooks that tell of a message which the business wrote.
//!
//! Each face has its own list, so a lost echo at Meta says nothing about Ayrshare's. An echo that is struck here is struck
//! before holding, doubling and reordering, which concern every delivery.

/// What becomes of an echo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(tag = "echo", rename_all = "kebab-case")]
pub enum Echo {
    /// It never leaves.
    Lost,
    /// It leaves so many milliseconds of the simulator's time later.
    Late {
        /// Milliseconds.
        ms: i64,
    },
    /// It leaves twice, the same both times.
    Twice,
}

/// The echoes that are still to be struck, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Echoes(Vec<(Echo, u32)>);

impl Echoes {
    pub(crate) fn arm(&mut self, times: u32, echo: Echo) {
        self.0.push((echo, times));
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// When the deliveries of this echo leave: none, one or two instants.
    pub(crate) fn strike(&mut self, now: i64) -> Vec<i64> {
        self.0.retain(|(_, left)| *left > 0);
        let Some((echo, left)) = self.0.first_mut() else { return vec![now] };
        if *left != u32::MAX {
            *left -= 1;
        }
        match *echo {
            Echo::Lost => Vec::new(),
            Echo::Late { ms } => vec![now.saturating_add(ms)],
            Echo::Twice => vec![now, now],
        }
    }
}
