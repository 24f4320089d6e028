//! Certificates that are signed with RSA-PSS ([RFC 4055](https://www.rfc-editor.org/rfc/rfc4055)) in
//! the parameters that OpenSSL and Windows choose. `rustls` knows only a salt as long as the digest
//! and keys without restriction.

use std::sync::LazyLock;

use ::aws_lc_rs::signature::{
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
    RsaPssSaltLength, UnparsedPublicKey,
};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls::pki_types::{
    AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};

const OBJECT_ID: u8 = 0x06;
const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;
const RSASSA_PSS: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
const MGF1: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08];
type Pss = fn(RsaPssSaltLength) -> RsaParameters;
const NULL: [u8; 2] = [0x05, 0x00];

/// The last byte of the digest's object id, its length, and the verification with it.
const DIGESTS: [(u8, u8, Pss); 3] = [
    (1, 32, |salt| RSA_PSS_2048_8192_SHA256.with_pss_salt_length(salt)),
    (2, 48, |salt| RSA_PSS_2048_8192_SHA384.with_pss_salt_length(salt)),
    (3, 64, |salt| RSA_PSS_2048_8192_SHA512.with_pss_salt_length(salt)),
];
/// Left out of the parameters, as DER demands.
const DEFAULT_SALT: u16 = 20;
/// Bytes of a key; `OpenSSL` 3 makes the salt as long as the key allows.
const KEYS: [u16; 4] = [256, 384, 512, 1024];

static ALGORITHMS: LazyLock<Vec<&'static dyn SignatureVerificationAlgorithm>> =
    LazyLock::new(|| {
        let known = aws_lc_rs::default_provider().signature_verification_algorithms.all;
        let more = DIGESTS.into_iter().flat_map(|(digest, length, parameters)| {
            let longest = KEYS.map(|key| key - u16::from(length) - 2);
            let salts = [u16::from(length), DEFAULT_SALT].into_iter().chain(longest);
            salts.flat_map(move |salt| variants(digest, u16::from(length), salt, parameters))
        });
        known.iter().copied().chain(more).collect()
    });

/// What `rustls` verifies with, and RSA-PSS.
pub(crate) fn provider() -> CryptoProvider {
    let provider = aws_lc_rs::default_provider();
    let mapping = provider.signature_verification_algorithms.mapping;
    CryptoProvider {
        signature_verification_algorithms: WebPkiSupportedAlgorithms { all: &ALGORITHMS, mapping },
        ..provider
    }
}

/// One signature algorithm with each kind of key that makes such signatures.
fn variants(
    digest: u8,
    length: u16,
    salt: u16,
    parameters: Pss,
) -> impl Iterator<Item = &'static dyn SignatureVerificationAlgorithm> {
    let signature = leak(identifier(digest, salt));
    let parameters: &'static RsaParameters =
        Box::leak(Box::new(parameters(RsaPssSaltLength::Custom(salt))));
    let keys = [
        alg_id::RSA_ENCRYPTION,
        leak(element(OBJECT_ID, &RSASSA_PSS)),
        leak(identifier(digest, length)),
    ];
    keys.map(|key| Box::leak(Box::new(RsaPss { key, signature, parameters })) as _).into_iter()
}

fn leak(identifier: Vec<u8>) -> AlgorithmIdentifier {
    AlgorithmIdentifier::from_slice(identifier.leak())
}

/// The content of the `AlgorithmIdentifier` in DER.
fn identifier(digest: u8, salt: u16) -> Vec<u8> {
    let sha2 = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, digest];
    let hash = element(SEQUENCE, &[element(OBJECT_ID, &sha2), NULL.to_vec()].concat());
    let mask = element(SEQUENCE, &[element(OBJECT_ID, &MGF1), hash.clone()].concat());
    let mut parameters = [element(0xa0, &hash), element(0xa1, &mask)].concat();
    if salt != DEFAULT_SALT {
        let bytes = salt.to_be_bytes();
        let significant = if salt < 0x80 { &bytes[1..] } else { &bytes[..] };
        parameters.extend(element(0xa2, &element(INTEGER, significant)));
    }
    [element(OBJECT_ID, &RSASSA_PSS), element(SEQUENCE, &parameters)].concat()
}

/// One element in DER, whose content is shorter than 128 bytes.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    [&[tag, length], content].concat()
}

#[derive(Debug)]
struct RsaPss {
    key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
    parameters: &'static RsaParameters,
}

impl SignatureVerificationAlgorithm for RsaPss {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        UnparsedPublicKey::new(self.parameters, public_key)
            .verify(message, signature)
            .map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_with_the_usual_salt_are_those_of_the_library() {
        let usual = [alg_id::RSA_PSS_SHA256, alg_id::RSA_PSS_SHA384, alg_id::RSA_PSS_SHA512];
        for ((digest, length, _), usual) in DIGESTS.into_iter().zip(usual) {
            assert_eq!(leak(identifier(digest, u16::from(length))), usual);
        }
    }
}
