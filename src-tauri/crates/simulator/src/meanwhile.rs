//! What changes while a client is busy: between its look and its send, or between an upload and the send that names it.

use crate::graph::state::{TokenKind, TokenState};
use crate::state::{Chat, SimError, State};

/// A change of the world that [`crate::Fault::Before`] and [`crate::Fault::After`] tie to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meanwhile {
    /// Every reply window closes, until the person writes again.
    WindowsClose,
    /// Every Page and user token of Graph enters this state.
    TokensBecome(TokenState),
    /// Ayrshare's API key is replaced; the old one gets 401.
    KeyDies,
    /// Every profile is suspended at Ayrshare.
    ProfilesSuspended,
}

impl State {
    pub(crate) fn meanwhile(&mut self, what: Meanwhile) {
        match what {
            Meanwhile::WindowsClose => self.close_windows(),
            Meanwhile::TokensBecome(state) => {
                self.graph.tokens.values_mut().filter(|t| t.kind != TokenKind::App).for_each(|t| t.state = state);
            }
            Meanwhile::KeyDies => self.world.key_generation += 1,
            Meanwhile::ProfilesSuspended => self.world.profiles.iter_mut().for_each(|p| p.suspended = true),
        }
    }

    pub(crate) fn close_windows(&mut self) {
        let accounts = self.world.profiles.iter_mut().flat_map(|p| p.accounts.values_mut());
        accounts.flat_map(|a| &mut a.conversations).for_each(|c| c.window_shut = true);
    }

    pub(crate) fn close_window(&mut self, chat: &Chat) -> Result<(), SimError> {
        self.conversation_mut(chat)?.window_shut = true;
        Ok(())
    }
}
