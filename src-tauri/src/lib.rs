//! The shell: the desktop application around the inbox. The only package that names `tauri`.
//!
//! Promises: the window never waits for the network or the database; the page is treated as hostile (commands by name,
//! checked arguments, no credential in an answer); closing, ending and restarting lose nothing.
//!
//! Refuses: knowledge of providers, SQL, HTTP. Whatever is not a window, a tray or a notification is a method of
//! [`Inbox`](backscroll_engine::Inbox).

pub mod app;
pub mod args;
pub mod changes;
pub mod check;
pub mod clipboard;
pub mod commands;
pub mod demo;
#[cfg(target_os = "linux")]
pub mod graphics;
pub mod ipc;
pub mod media;
mod notify;
pub mod picker;
pub mod shell;
mod tray;
mod window;
