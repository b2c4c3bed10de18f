#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;

/// HMAC-SHA256 of `body` as Meta writes it into the header.
fn sign(secret: &str, body: &[u8]) -> String {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

#[test]
fn only_the_apps_secret_over_these_very_bytes_signs() {
    let secret = Secret::new("app-secret");
    let body = br#"{"object":"page","text":"caf\u00e9 \/"}"#;
    let good = sign("app-secret", body);
    assert!(verify_signature(&secret, body, &good));
    assert!(verify_signature(&secret, body, &format!(" {} ", good.to_uppercase().replace("SHA256", "sha256"))));
    // The same JSON in other bytes is another body.
    assert!(!verify_signature(&secret, "{\"object\":\"page\",\"text\":\"café /\"}".as_bytes(), &good));
    assert!(!verify_signature(&secret, body, &sign("another", body)));
    assert!(!verify_signature(&Secret::new(""), body, &sign("", body)));
    for header in ["", "sha256=", "sha256=zz", "sha1=00", good.trim_start_matches("sha256="), good.get(..20).unwrap()] {
        assert!(!verify_signature(&secret, body, header), "{header}");
    }
}

/// RFC 4231, test case 2.
#[test]
fn the_signature_is_hmac_sha256() {
    let digest = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert!(verify_signature(&Secret::new("Jefe"), b"what do ya want for nothing?", digest));
}

#[test]
fn the_handshake_repeats_the_challenge_to_who_knows_the_word() {
    let word = Secret::new("chosen word");
    let asked = "hub.mode=subscribe&hub.challenge=904417263&hub.verify_token=chosen+word";
    assert_eq!(handshake(asked, &word).as_deref(), Some("904417263"));
    for bad in [
        "",
        "hub.mode=subscribe&hub.challenge=904417263",
        "hub.mode=subscribe&hub.challenge=904417263&hub.verify_token=other",
        "hub.mode=subscribe&hub.challenge=904417263&hub.verify_token=",
        "hub.mode=unsubscribe&hub.challenge=904417263&hub.verify_token=chosen+word",
        "hub.mode=subscribe&hub.verify_token=chosen+word",
    ] {
        assert_eq!(handshake(bad, &word), None, "{bad}");
    }
    assert_eq!(handshake("hub.mode=subscribe&hub.challenge=1&hub.verify_token=", &Secret::new("")), None);
    let endless = format!("hub.mode=subscribe&hub.verify_token=chosen+word&hub.challenge={}", "9".repeat(1000));
    assert_eq!(handshake(&endless, &word), None);
}

#[test]
fn what_is_no_envelope_is_refused_whole() {
    for (body, error) in [
        ("", HookError::NotJson),
        ("<html>", HookError::NotJson),
        (r#"{"object":"page""#, HookError::NotJson),
        ("[]", HookError::Shape),
        ("7", HookError::Shape),
        ("{}", HookError::Shape),
        (r#"{"entry":[]}"#, HookError::Shape),
    ] {
        assert_eq!(decode(body.as_bytes()), Err(error), "{body}");
    }
    assert_eq!(decode(b"{\"object\":\"p\xff\"}"), Err(HookError::NotJson));
    assert_eq!(decode(br#"{"object":"page"}"#).unwrap(), HookDelivery::default());
}

#[test]
fn a_lone_surrogate_costs_one_character_and_not_the_delivery() {
    let body = r#"{"object":"page","entry":[{"id":"1","messaging":[{"sender":{"id":"2"},"recipient":{"id":"1"},
        "timestamp":1795190671204,"message":{"mid":"m_1","text":"a\ud83d b"}}]}]}"#;
    let delivery = decode(body.as_bytes()).unwrap();
    let text = delivery.items.iter().flat_map(|item| &item.events).find_map(|event| match event {
        Event::Message(seen) => seen.text.clone(),
        _ => None,
    });
    assert!(text.unwrap().ends_with(" b"));
}

proptest::proptest! {
    #[test]
    fn no_body_whatever_stops_the_decoder(body in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = decode(&body);
    }

    #[test]
    fn no_item_whatever_is_lost_without_a_name(
        value in r#"(null|7|"x"|\{\}|\[\]|\{"mid":"m"\}|\{"mid":7,"text":"t"\}|\{"mid":"m","action":"react"\})"#,
        kind in "(message|message_edit|reaction|read|delivery|postback|referral|optin|other)",
        time in r#"(1795190671204|1795190671|"1795190671"|null|"x"|\{\})"#,
    ) {
        let body = format!(
            r#"{{"object":"page","entry":[{{"id":"1","messaging":[{{"sender":{{"id":"2"}},"recipient":{{"id":"1"}},"timestamp":{time},"{kind}":{value}}}]}}]}}"#
        );
        // Each is an item, with or without facts.
        proptest::prop_assert_eq!(decode(body.as_bytes()).unwrap().items.len(), 1);
    }
}
