//! What a customer or Ayrshare can change about profiles, links and keys.

use crate::platform::Platform;
use crate::simulator::Simulator;
use crate::state::SimError;
use crate::world::ProfileId;

impl Simulator {
    /// Links the network, with messaging allowed. Emits the `social` webhook.
    ///
    /// # Errors
    /// When there is no such account.
    pub fn link(&self, profile: ProfileId, platform: Platform) -> Result<(), SimError> {
        self.set_link(profile, platform, true)
    }

    /// Unlinks the network, as the platform itself may do. Emits the `social` webhook.
    ///
    /// # Errors
    /// When there is no such account.
    pub fn unlink(&self, profile: ProfileId, platform: Platform) -> Result<(), SimError> {
        self.set_link(profile, platform, false)
    }

    fn set_link(&self, profile: ProfileId, platform: Platform, linked: bool) -> Result<(), SimError> {
        self.core.act(|state, now| {
            let account = state.world.account_mut(profile, platform).ok_or(SimError::NoProfile)?;
            account.linked = linked;
            account.messaging_active = linked;
            state.cache.drop_platform(profile, platform);
            state.notify_social(now, profile, platform, if linked { "link" } else { "unlink" }, linked);
            Ok(())
        })
    }

    /// Whether the profile may use messaging at all (`messagingEnabled` of `/user`).
    ///
    /// # Errors
    /// When there is no such profile.
    pub fn set_messaging_enabled(&self, profile: ProfileId, on: bool) -> Result<(), SimError> {
        self.core.act(|state, _| {
            state.world.profiles.get_mut(profile.0).ok_or(SimError::NoProfile)?.messaging_enabled = on;
            Ok(())
        })
    }

    /// Whether messaging works for one network (`messagingActive`); off means that it must be linked again.
    ///
    /// # Errors
    /// When there is no such account.
    pub fn set_messaging_active(&self, profile: ProfileId, platform: Platform, on: bool) -> Result<(), SimError> {
        self.core.act(|state, _| {
            state.world.account_mut(profile, platform).ok_or(SimError::NoProfile)?.messaging_active = on;
            Ok(())
        })
    }

    /// Suspends the profile, or lifts it.
    ///
    /// # Errors
    /// When there is no such profile.
    pub fn set_suspended(&self, profile: ProfileId, suspended: bool) -> Result<(), SimError> {
        self.core.act(|state, _| {
            state.world.profiles.get_mut(profile.0).ok_or(SimError::NoProfile)?.suspended = suspended;
            Ok(())
        })
    }

    /// From now on another API key is the valid one; returned. The old one gets 401.
    pub fn revoke_api_key(&self) -> String {
        self.core.act(|state, _| {
            state.world.key_generation += 1;
            state.world.api_key()
        })
    }

    /// From now on other X keys are the valid ones; returned.
    pub fn revoke_x_keys(&self) -> (String, String) {
        self.core.act(|state, _| {
            state.world.x_key_generation += 1;
            state.world.x_keys()
        })
    }
}
