// Package vault seals secrets before they reach the store, and opens them for
// those who sign. Its master key lies in a file outside the store, so that a
// copy of the store gives no secret away.
//
// A sealed secret is an envelope (AES-256-GCM twice): a key of its own for
// each secret, which is sealed with the master key. Both are bound to the
// record and the field that they belong to, so that a sealed value moved to
// another place does not open.
package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cistern-cdn/cistern/internal/zone"
)

// KeyBytes is the size of the master key and of its file.
const KeyBytes = 32

// The fields of a credential that are sealed.
const (
	FieldSecret = "secret"
	FieldToken  = "session_token"
)

// A sealed value is: version, id of the master key, data key sealed with it,
// secret sealed with the data key. A sealed part is nonce, text, tag.
const (
	version    = 1
	idBytes    = 8
	nonceBytes = 12
	tagBytes   = 16
	keyPart    = nonceBytes + KeyBytes + tagBytes
	minSealed  = 1 + idBytes + keyPart + nonceBytes + tagBytes
)

// ErrWrongKey reports a value that was sealed with another master key.
var ErrWrongKey = errors.New("sealed with another vault key")

// ErrDamaged reports a value that is no sealed secret of this record and
// field.
var ErrDamaged = errors.New("sealed value is damaged or belongs elsewhere")

// A Vault seals and opens. It is immutable and safe for concurrent use. Use
// [Load] to get one.
type Vault struct {
	id     [idBytes]byte
	master cipher.AEAD
}

// Load reads the master key from path. If there is no such file it makes one
// with a new key, mode 0600, unless secrets say that something was sealed
// with a key before: without that key it is lost, so that is an error.
func Load(path string, secrets bool) (*Vault, error) {
	key, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		if secrets {
			return nil, fmt.Errorf("load vault key: %s is missing, and stored secrets are sealed with it; put the file back from a backup", path)
		}
		key, err = create(path)
	}
	if err != nil {
		return nil, err
	}
	v := &Vault{master: newAEAD(key)}
	sum := sha256.Sum256(append([]byte("cistern vault key id\x00"), key...))
	copy(v.id[:], sum[:])
	return v, nil
}

// read reads a key file that nobody else may read.
func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("load vault key: %w", err)
	}
	switch {
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("load vault key: %s is not a regular file", path)
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("load vault key: %s has mode %04o, so others may read it; run chmod 600 on it", path, info.Mode().Perm())
	case info.Size() != KeyBytes:
		return nil, fmt.Errorf("load vault key: %s has %d bytes, want %d; put the file back from a backup", path, info.Size(), KeyBytes)
	}
	key, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("load vault key: %w", err)
	}
	return key, nil
}

// create makes a key file. The file appears whole or not at all, and never
// replaces one that somebody else made meanwhile.
func create(path string) ([]byte, error) {
	key := make([]byte, KeyBytes)
	_, _ = rand.Read(key) // never fails
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".vault-*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("create vault key: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(key)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Link(f.Name(), path)
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("create vault key: %w", err)
	}
	return key, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Seal seals a secret for a field of the record with this UUID. The absent
// secret gives nil.
func (v *Vault) Seal(record, field string, s zone.Secret) []byte {
	if s.IsZero() {
		return nil
	}
	out := append([]byte{version}, v.id[:]...)
	context := bind(out, record, field)
	key := make([]byte, KeyBytes)
	_, _ = rand.Read(key)
	out = seal(v.master, out, key, context)
	return seal(newAEAD(key), out, []byte(s.Reveal()), context)
}

// Open returns what was sealed for this record and field; nil gives the
// absent secret. The error wraps ErrWrongKey or ErrDamaged, and holds nothing
// of the secret.
func (v *Vault) Open(record, field string, sealed []byte) (zone.Secret, error) {
	if len(sealed) == 0 {
		return zone.Secret{}, nil
	}
	text, err := v.open(record, field, sealed)
	if err != nil {
		return zone.Secret{}, fmt.Errorf("open %s of %s: %w", field, record, err)
	}
	return zone.NewSecret(string(text)), nil
}

func (v *Vault) open(record, field string, sealed []byte) ([]byte, error) {
	if len(sealed) < minSealed || sealed[0] != version {
		return nil, ErrDamaged
	}
	head, rest := sealed[:1+idBytes], sealed[1+idBytes:]
	if [idBytes]byte(head[1:]) != v.id {
		return nil, ErrWrongKey
	}
	context := bind(head, record, field)
	key, err := unseal(v.master, rest[:keyPart], context)
	if err != nil {
		return nil, ErrDamaged
	}
	text, err := unseal(newAEAD(key), rest[keyPart:], context)
	if err != nil {
		return nil, ErrDamaged
	}
	return text, nil
}

// bind is the additional data of both parts: what a sealed value says of
// itself, and where it belongs.
func bind(head []byte, record, field string) []byte {
	return fmt.Appendf(nil, "%s\x00%q\x00%q", head, record, field)
}

func seal(a cipher.AEAD, dst, text, context []byte) []byte {
	nonce := make([]byte, nonceBytes)
	_, _ = rand.Read(nonce)
	return a.Seal(append(dst, nonce...), nonce, text, context)
}

func unseal(a cipher.AEAD, part, context []byte) ([]byte, error) {
	return a.Open(nil, part[:nonceBytes], part[nonceBytes:], context)
}

func newAEAD(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("bug: vault key of the wrong size: " + err.Error())
	}
	a, err := cipher.NewGCM(block)
	if err != nil {
		panic("bug: no GCM: " + err.Error())
	}
	return a
}
