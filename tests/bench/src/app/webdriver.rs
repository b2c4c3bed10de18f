//! As much of a WebDriver client as a measurement needs: start the application, run a script in its page, type keys.
//! HTTP/1.1 by hand over loopback: the driver answers with a length and closes nothing.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A driver with one session. Dropping it ends both.
pub struct Driver {
    child: Child,
    port: u16,
    session: String,
}

impl Driver {
    /// Starts the driver, which starts `binary` with this environment.
    pub fn start(binary: &Path, environment: &[(&str, &Path)]) -> Result<Self> {
        // Free now; nothing else on this private display wants it before the driver does.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let child = Command::new("WebKitWebDriver")
            .args([format!("--port={port}"), "--host=127.0.0.1".to_owned()])
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("WebKitWebDriver is needed (package webkit2gtk-driver)")?;
        let mut driver = Self { child, port, session: String::new() };
        let since = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if since.elapsed() > Duration::from_secs(10) {
                bail!("WebKitWebDriver does not listen");
            }
            thread::sleep(Duration::from_millis(50));
        }
        let wanted = json!({ "webkitgtk:browserOptions": { "binary": binary, "args": [] } });
        let answer = driver.call("POST", "/session", &json!({ "capabilities": { "alwaysMatch": wanted } }))?;
        driver.session = answer.get("sessionId").and_then(Value::as_str).context("no session")?.to_owned();
        Ok(driver)
    }

    /// Runs the body of a function in the page and answers what it returns.
    pub fn run(&self, script: &str, arguments: &[Value]) -> Result<Value> {
        self.call("POST", &self.path("/execute/sync"), &json!({ "script": script, "args": arguments }))
    }

    /// Runs a script every 50 ms until it returns something.
    pub fn until(&self, what: &str, script: &str, within: Duration) -> Result<Value> {
        let since = Instant::now();
        loop {
            let value = self.run(script, &[])?;
            if !matches!(value, Value::Null | Value::Bool(false)) {
                return Ok(value);
            }
            if since.elapsed() > within {
                bail!("waited {} s for {what}", within.as_secs());
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Clicks the first element of a CSS selector.
    pub fn click(&self, css: &str) -> Result<()> {
        let element = self.find(css)?;
        self.call("POST", &self.path(&format!("/element/{element}/click")), &json!({}))?;
        Ok(())
    }

    /// Types into the first element of a CSS selector. `\u{E007}` is Enter.
    pub fn type_into(&self, css: &str, text: &str) -> Result<()> {
        let element = self.find(css)?;
        self.call("POST", &self.path(&format!("/element/{element}/value")), &json!({ "text": text }))?;
        Ok(())
    }

    fn find(&self, css: &str) -> Result<String> {
        let found = self.call("POST", &self.path("/element"), &json!({ "using": "css selector", "value": css }))?;
        Ok(found.get(ELEMENT).and_then(Value::as_str).with_context(|| format!("no {css}"))?.to_owned())
    }

    fn path(&self, rest: &str) -> String {
        format!("/session/{}{rest}", self.session)
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let body = body.to_string();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 || line == "\r\n" {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse()?;
            }
        }
        let mut bytes = vec![0; length];
        reader.read_exact(&mut bytes)?;
        let answer: Value = serde_json::from_slice(&bytes)?;
        let value = answer.get("value").cloned().unwrap_or_default();
        if let Some(error) = value.get("error").and_then(Value::as_str) {
            bail!("{method} {path}: {error}: {}", value.get("message").and_then(Value::as_str).unwrap_or_default());
        }
        Ok(value)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            // Ends the application; the driver's end would leave it.
            let _ = self.call("DELETE", &self.path(""), &json!({}));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
