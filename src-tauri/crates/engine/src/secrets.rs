//! Where credentials rest: the desktop's keychain, or a file that the user is told about.
