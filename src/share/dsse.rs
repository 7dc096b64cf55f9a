//! Signed statements: DSSE envelopes, version 1 (github.com/secure-systems-lab/dsse).
//!
//! What is signed, by Ed25519 (RFC 8032), is the pre-authentication encoding of type and content, so that a statement of one
//! type never passes for one of another: `PAE = "DSSEv1" SP len(type) SP type SP len(payload) SP payload`, lengths as decimal
//! numbers of bytes. The envelope is JSON: `{"payload": base64, "payloadType": type, "signatures": [{"keyid": …, "sig":
//! base64}]}`. A `keyid` is a hint that nothing vouches for; which keys count, the caller says.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::Deserialize;

/// Signatures that are looked at.
const MOST_SIGNATURES: usize = 16;

/// Why a statement is not trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the envelope is not understood: {0}")]
    Envelope(String),
    #[error("it signs a {got:?}, and {expected:?} is needed")]
    Type { got: String, expected: String },
    #[error("nobody signed")]
    Unsigned,
    #[error("it is by the key {got}, and {expected} was expected")]
    OtherKey { got: String, expected: String },
    #[error("it is not what the key {key} signed: the manifest or the signature was changed")]
    Invalid { key: String },
}

#[derive(Debug, Deserialize)]
struct Envelope {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<Signed>,
}

#[derive(Debug, Deserialize)]
struct Signed {
    #[serde(default)]
    keyid: String,
    sig: String,
}

/// A statement with a good signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub payload: Vec<u8>,
    /// Which of the expected keys signed.
    pub key: usize,
}

/// How a key is named: `ed25519:` and 32 hex digits of its BLAKE3.
#[must_use]
pub fn key_id(key: &VerifyingKey) -> String {
    format!("ed25519:{}", &blake3::hash(key.as_bytes()).to_hex()[..32])
}

/// What is signed.
fn encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// Signs a statement: the envelope as JSON, without spaces, in the order above.
#[must_use]
pub fn sign(payload_type: &str, payload: &[u8], key: &SigningKey) -> String {
    let sig = key.sign(&encoding(payload_type, payload)).to_bytes();
    write(payload_type, payload, &key.verifying_key(), &sig)
}

fn write(payload_type: &str, payload: &[u8], key: &VerifyingKey, sig: &[u8]) -> String {
    let texts = [BASE64_STANDARD.encode(payload), payload_type.into(), key_id(key), BASE64_STANDARD.encode(sig)];
    let [payload, payload_type, keyid, sig] = texts.map(serde_json::Value::from);
    format!(r#"{{"payload":{payload},"payloadType":{payload_type},"signatures":[{{"keyid":{keyid},"sig":{sig}}}]}}"#)
}

/// The content of an envelope that one of the expected keys signed as a statement of this type.
///
/// # Errors
/// When it is no envelope, of another type, or no signature of those keys is good.
pub fn verify(envelope: &[u8], payload_type: &str, expected: &[VerifyingKey]) -> Result<Verified, Error> {
    let found: Envelope = serde_json::from_slice(envelope).map_err(|e| Error::Envelope(e.to_string()))?;
    if found.payload_type != payload_type {
        return Err(Error::Type { got: found.payload_type, expected: payload_type.into() });
    }
    if found.signatures.is_empty() {
        return Err(Error::Unsigned);
    }
    if found.signatures.len() > MOST_SIGNATURES {
        return Err(Error::Envelope(format!("it has {} signatures; allowed are {MOST_SIGNATURES}", found.signatures.len())));
    }
    let payload = bytes(&found.payload).ok_or_else(|| Error::Envelope("its payload is not base64".into()))?;
    let signed = encoding(payload_type, &payload);
    for one in &found.signatures {
        let signature = bytes(&one.sig).and_then(|b| Signature::from_slice(&b).ok());
        let signature = signature.ok_or_else(|| Error::Envelope("a signature is not 64 bytes in base64".into()))?;
        if let Some(key) = expected.iter().position(|key| key.verify_strict(&signed, &signature).is_ok()) {
            return Ok(Verified { payload, key });
        }
    }
    let names: Vec<String> = expected.iter().map(key_id).collect();
    // Whether it claims to be by an expected key tells a change from another's signature.
    match found.signatures.iter().find(|one| names.contains(&one.keyid)) {
        Some(one) => Err(Error::Invalid { key: one.keyid.clone() }),
        None => Err(Error::OtherKey { got: shown(&found.signatures[0].keyid), expected: names.join(" or ") }),
    }
}

/// The content of an envelope with nothing of it checked: for messages alone.
#[must_use]
pub fn unverified(envelope: &[u8]) -> Option<Vec<u8>> {
    bytes(&serde_json::from_slice::<Envelope>(envelope).ok()?.payload)
}

/// Whether an envelope has one signature, by this key, and is byte for byte as [`sign`] writes it. The hint and the spelling
/// are not signed, and a file that must not change at all should not change there either.
#[must_use]
pub fn is_plain(envelope: &[u8], key: &VerifyingKey) -> bool {
    let Ok(found) = serde_json::from_slice::<Envelope>(envelope) else { return false };
    let [signed] = &found.signatures[..] else { return false };
    let (Some(payload), Some(sig)) = (bytes(&found.payload), bytes(&signed.sig)) else { return false };
    envelope == write(&found.payload_type, &payload, key, &sig).as_bytes()
}

/// DSSE allows both alphabets.
fn bytes(text: &str) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(text).or_else(|_| BASE64_URL_SAFE.decode(text)).ok()
}

/// A name as a stranger gave it, fit to be shown.
fn shown(text: &str) -> String {
    let short: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
    if short.is_empty() { "(not named)".into() } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    #[test]
    fn what_is_signed_is_the_standards_encoding() {
        // The example of the DSSE specification, protocol.md.
        let example = encoding("http://example.com/HelloWorld", b"hello world");
        assert_eq!(example, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
        assert_eq!(encoding("", b""), b"DSSEv1 0  0 ");
    }

    #[test]
    fn the_signature_is_that_of_rfc_8032() {
        // RFC 8032, 7.1, test 2: our keys and signatures are everybody's.
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
        };
        let seed = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let key = SigningKey::from_bytes(&seed.try_into().unwrap());
        assert_eq!(key.verifying_key().as_bytes()[..], hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"));
        let expected = concat!(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da",
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        );
        assert_eq!(key.sign(&[0x72]).to_bytes()[..], hex(expected));
    }

    #[test]
    fn a_signed_statement_comes_back() {
        let envelope = sign("text/x", "grüße".as_bytes(), &key(1));
        let others = [key(2).verifying_key(), key(1).verifying_key()];
        let found = verify(envelope.as_bytes(), "text/x", &others).unwrap();
        assert_eq!((found.payload, found.key), ("grüße".as_bytes().to_vec(), 1));
        // What others write: spaces, another order, the other alphabet, no keyid, a second signature.
        let payload = [0xfb, 0xff, 0x00];
        let sig = key(1).sign(&encoding("text/x", &payload)).to_bytes();
        let strange = format!(
            r#"{{ "signatures": [ {{"sig": "{}"}}, {{"sig":"{}"}} ], "more": 1, "payloadType": "text/x", "payload": "-_8A" }}"#,
            BASE64_STANDARD.encode([7; 64]),
            BASE64_URL_SAFE.encode(sig)
        );
        assert_eq!(verify(strange.as_bytes(), "text/x", &others).unwrap().payload, payload);
    }

    #[test]
    fn what_is_not_signed_so_is_refused_with_the_reason() {
        let envelope = sign("text/x", b"1000 rows", &key(1));
        let own = [key(1).verifying_key()];
        let refused = |envelope: &str, kind: &str, keys: &[VerifyingKey]| verify(envelope.as_bytes(), kind, keys).unwrap_err();
        assert!(matches!(refused(&envelope, "text/y", &own), Error::Type { .. }));
        let other = refused(&envelope, "text/x", &[key(2).verifying_key()]);
        assert!(matches!(&other, Error::OtherKey { got, .. } if *got == key_id(&own[0])), "{other}");
        let changed = envelope.replace(&BASE64_STANDARD.encode("1000 rows"), &BASE64_STANDARD.encode("9000 rows"));
        assert!(matches!(refused(&changed, "text/x", &own), Error::Invalid { .. }));
        // Another's signature under our name.
        let forged = sign("text/x", b"1000 rows", &key(2)).replace(&key_id(&key(2).verifying_key()), &key_id(&own[0]));
        assert!(matches!(refused(&forged, "text/x", &own), Error::Invalid { .. }));
        assert!(matches!(refused(r#"{"payload":"","payloadType":"text/x","signatures":[]}"#, "text/x", &own), Error::Unsigned));
        for broken in ["", "[]", "{}", r#"{"payload":"?","payloadType":"text/x","signatures":[{"sig":"AA=="}]}"#] {
            assert!(matches!(refused(broken, "text/x", &own), Error::Envelope(_)), "{broken}");
        }
    }

    #[test]
    fn every_changed_byte_of_an_envelope_is_refused_or_says_the_same() {
        let envelope = sign("text/x", b"content", &key(1)).into_bytes();
        for i in 0..envelope.len() {
            for bit in [1, 4, 0x20] {
                let mut changed = envelope.clone();
                changed[i] ^= bit;
                // A hint may change; what is said may not.
                if let Ok(found) = verify(&changed, "text/x", &[key(1).verifying_key()]) {
                    assert_eq!(found.payload, b"content", "byte {i}");
                }
            }
        }
    }
}
