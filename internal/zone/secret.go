package zone

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
)

// redacted stands wherever a Secret would be printed.
const redacted = "[secret]"

// A Secret is a text that must never be shown: a secret key, a session token.
// Every way of printing it (fmt, JSON, slog) gives "[secret]", so that a
// Secret may safely be part of any value that is logged or answered. The zero
// value is the absent secret. A Secret is immutable.
type Secret struct {
	text string
}

// NewSecret returns the secret that holds text.
func NewSecret(text string) Secret { return Secret{text: text} }

// Reveal returns the text. Only the vault, which seals it, and signers, which
// sign with it, may call Reveal.
func (s Secret) Reveal() string { return s.text }

// IsZero reports whether the secret is absent.
func (s Secret) IsZero() bool { return s.text == "" }

// Equal reports, in constant time, whether both secrets hold the same text.
func (s Secret) Equal(t Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.text), []byte(t.text)) == 1
}

// String returns "[secret]".
func (s Secret) String() string { return redacted }

// Format prints "[secret]" for every verb, %#v and %q included.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalJSON returns the JSON string "[secret]".
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText returns "[secret]"; it serves encoders other than JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// UnmarshalJSON refuses: a printed secret holds nothing that could be read.
func (s *Secret) UnmarshalJSON([]byte) error {
	return fmt.Errorf("bug: a secret is never read from JSON")
}

// LogValue returns "[secret]" for package log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
