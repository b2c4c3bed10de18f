//! The contract of IPC, without a display.
