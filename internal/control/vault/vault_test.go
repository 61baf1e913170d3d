package vault

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cistern-cdn/cistern/internal/zone"
)

func load(t *testing.T, path string) *Vault {
	t.Helper()
	v, err := Load(path, false)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSealOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault.key")
	v := load(t, path)
	secret := zone.NewSecret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
	sealed := v.Seal("record", "s3_secret_key", secret)
	if bytes.Contains(sealed, []byte("wJalr")) {
		t.Error("the sealed value shows the secret")
	}
	if bytes.Equal(sealed, v.Seal("record", "s3_secret_key", secret)) {
		t.Error("sealing twice gives the same bytes")
	}
	flipped := bytes.Clone(sealed)
	flipped[len(flipped)-1] ^= 1
	wrapped := bytes.Clone(sealed)
	wrapped[1+idBytes+nonceBytes] ^= 1

	tests := []struct {
		name          string
		vault         *Vault
		record, field string
		sealed        []byte
		err           error
	}{
		{"as sealed", v, "record", "s3_secret_key", sealed, nil},
		{"after a restart", load(t, path), "record", "s3_secret_key", sealed, nil},
		{"other record", v, "recorx", "s3_secret_key", sealed, ErrDamaged},
		{"other field", v, "record", "s3_session_token", sealed, ErrDamaged},
		{"border moved", v, "records3", "_secret_key", sealed, ErrDamaged},
		{"secret flipped", v, "record", "s3_secret_key", flipped, ErrDamaged},
		{"data key flipped", v, "record", "s3_secret_key", wrapped, ErrDamaged},
		{"cut", v, "record", "s3_secret_key", sealed[:minSealed-1], ErrDamaged},
		{"other version", v, "record", "s3_secret_key", append([]byte{2}, sealed[1:]...), ErrDamaged},
		{"other vault", load(t, filepath.Join(t.TempDir(), "vault.key")), "record", "s3_secret_key", sealed, ErrWrongKey},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.vault.Open(tt.record, tt.field, tt.sealed)
			if !errors.Is(err, tt.err) || (err == nil) != got.Equal(secret) {
				t.Errorf("Open = %v; want %v", err, tt.err)
			}
		})
	}
}

func TestAbsentSecret(t *testing.T) {
	v := load(t, filepath.Join(t.TempDir(), "vault.key"))
	if got := v.Seal("r", "f", zone.Secret{}); got != nil {
		t.Errorf("Seal(absent) = %x; want nil", got)
	}
	if got, err := v.Open("r", "f", nil); err != nil || !got.IsZero() {
		t.Errorf("Open(nil) = %v, %v; want the absent secret", got, err)
	}
}

func TestLoad(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(path string) error
		secrets bool
		err     string // part of the text; "" is none
	}{
		{name: "first start", prepare: func(string) error { return nil }},
		{name: "key lost", prepare: func(string) error { return nil }, secrets: true, err: "is missing, and stored secrets are sealed with it"},
		{name: "key there", prepare: func(p string) error { return os.WriteFile(p, make([]byte, KeyBytes), 0o600) }, secrets: true},
		{name: "read-only key", prepare: func(p string) error { return os.WriteFile(p, make([]byte, KeyBytes), 0o400) }},
		{name: "others may read", prepare: func(p string) error { return os.WriteFile(p, make([]byte, KeyBytes), 0o640) }, err: "has mode 0640"},
		{name: "short", prepare: func(p string) error { return os.WriteFile(p, make([]byte, 31), 0o600) }, err: "has 31 bytes, want 32"},
		{name: "empty", prepare: func(p string) error { return os.WriteFile(p, nil, 0o600) }, err: "has 0 bytes"},
		{name: "a directory", prepare: func(p string) error { return os.Mkdir(p, 0o700) }, err: "not a regular file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "vault.key")
			if err := tt.prepare(path); err != nil {
				t.Fatal(err)
			}
			_, err := Load(path, tt.secrets)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) || !strings.Contains(err.Error(), path) {
					t.Errorf("Load = %v; want %q and the path", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(path)
			if err != nil || info.Mode().Perm()&0o077 != 0 || info.Size() != KeyBytes {
				t.Errorf("key file: %v, %v", info, err)
			}
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".vault-*")); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}
