// Package auth tells who calls the API: it knows tokens, and the account and
// role that they stand for. It also makes the first account and the first
// owner token of an installation.
package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cistern-cdn/cistern/internal/control/store"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
)

// TokenFile is the name of the file, in the data directory, that holds the
// generated owner token.
const TokenFile = "admin.token"

// by is who the store is told wrote the records of this package.
const by = "cistern"

// An Error is a refusal of a caller.
type Error struct {
	Code catalog.API // of status 401 or 403
	// Message is for the caller. It holds nothing of the token.
	Message string
}

// Error returns the message.
func (e *Error) Error() string { return "authenticate: " + e.Message }

// A Caller is who sent a request, and what it may do.
type Caller struct {
	Name     string // of the token; kept as the author of what it changes
	Token    string // UUID of the token
	Role     store.Role
	Account  string // UUID
	Operator bool   // the account is the operator's
}

// Options configures [Open].
type Options struct {
	Store *store.Store // required
	Dir   string       // data directory, for TokenFile; required

	// AdminToken is the owner token that the environment sets: 20 to 255
	// visible ASCII characters. It replaces the one that the environment set
	// before; empty ends that one. If it is empty, the token in TokenFile is an
	// owner token; without that file, a new token is made and written there.
	AdminToken string

	// Now is the clock that tokens expire by. Nil means time.Now.
	Now func() time.Time
}

// An Auth authenticates callers. It is safe for concurrent use. Use [Open] to
// get one.
type Auth struct {
	store *store.Store
	now   func() time.Time
}

// Open makes the operator account if there is none, and puts the owner token
// of the environment, or of the token file, in force.
func Open(ctx context.Context, o Options) (*Auth, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	text, source, name := o.AdminToken, store.SourceEnvironment, "CISTERN_ADMIN_TOKEN"
	if text != "" {
		if err := CheckText(text); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
	} else {
		var err error
		source, name = store.SourceFile, TokenFile
		if text, err = fileToken(filepath.Join(o.Dir, TokenFile)); err != nil {
			return nil, err
		}
	}
	_, err := o.Store.Update(ctx, by, func(tx *store.Tx) error {
		account, err := operator(tx)
		if err != nil {
			return err
		}
		t := &store.Token{Account: account, Name: name, Role: store.RoleOwner, Source: source, Hash: hash(text), Prefix: text[:8]}
		return declare(tx, t)
	})
	if err != nil {
		return nil, fmt.Errorf("set owner token: %w", err)
	}
	return &Auth{store: o.Store, now: o.Now}, nil
}

// operator returns the UUID of the operator account, which it makes if it
// does not exist.
func operator(tx *store.Tx) (string, error) {
	accounts, err := tx.Accounts()
	if err != nil {
		return "", err
	}
	for _, a := range accounts {
		if a.IsOperator {
			return a.UUID, nil
		}
	}
	a := &store.Account{Name: "operator", Status: store.AccountActive, IsOperator: true}
	err = tx.PutAccount(a)
	return a.UUID, err
}

// declare makes t the only token of its source, and ends the one of the
// environment if t comes from elsewhere.
func declare(tx *store.Tx, t *store.Token) error {
	tokens, err := tx.Tokens()
	if err != nil {
		return err
	}
	there := false
	for _, old := range tokens {
		switch {
		case subtle.ConstantTimeCompare(old.Hash, t.Hash) == 1:
			there = true
			old.Source, old.Name = t.Source, t.Name
			if err := tx.PutToken(old); err != nil {
				return err
			}
		case old.Source == t.Source || old.Source == store.SourceEnvironment:
			if err := tx.DeleteToken(old.UUID); err != nil {
				return err
			}
		}
	}
	if there {
		return nil
	}
	return tx.PutToken(t)
}

// Authenticate returns who sends this Authorization field. The error is an
// *Error, or says why the store cannot be read.
func (a *Auth) Authenticate(ctx context.Context, authorization string) (Caller, error) {
	scheme, text, _ := strings.Cut(authorization, " ")
	text = strings.TrimSpace(text)
	switch {
	case authorization == "":
		return Caller{}, &Error{catalog.APIUnauthenticated, "no token was sent"}
	case !strings.EqualFold(scheme, "Bearer"):
		return Caller{}, &Error{catalog.APIAuthSchemeUnsupported, "the Authorization scheme is not Bearer"}
	}
	sum := hash(text)
	var caller Caller
	err := a.store.View(ctx, func(r *store.Reader) error {
		t, err := r.TokenByHash(sum)
		if errors.Is(err, store.ErrNotFound) || err == nil && subtle.ConstantTimeCompare(t.Hash, sum) != 1 {
			return &Error{catalog.APIUnauthenticated, "the token is not known here"}
		}
		if err != nil {
			return err
		}
		if err := a.inForce(t); err != nil {
			return err
		}
		account, err := r.Account(t.Account)
		if err != nil {
			return err
		}
		if account.Status != store.AccountActive {
			return &Error{catalog.APIAccountSuspended, "the account is suspended"}
		}
		caller = Caller{Name: t.Name, Token: t.UUID, Role: t.Role, Account: t.Account, Operator: account.IsOperator}
		return nil
	})
	return caller, err
}

// inForce returns nil if t is neither revoked nor expired.
func (a *Auth) inForce(t *store.Token) error {
	switch {
	case !t.RevokedAt.IsZero():
		return &Error{catalog.APITokenRevoked, "the token was revoked"}
	case !t.ExpiresAt.IsZero() && !a.now().Before(t.ExpiresAt):
		return &Error{catalog.APITokenExpired, "the token has expired"}
	}
	return nil
}

// NewToken returns the text of a new token: "cst_" and 256 random bits.
func NewToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return "cst_" + base64.RawURLEncoding.EncodeToString(b[:])
}

func hash(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// CheckText refuses as a token what could not be sent in a header, or could be
// guessed. The error does not hold the text.
func CheckText(text string) error {
	if n := len(text); n < 20 || n > 255 {
		return fmt.Errorf("a token must have 20 to 255 characters, this one has %d", n)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("a token must be of visible ASCII characters, without blanks")
	}
	return nil
}

// fileToken reads the token file, or makes it with a new token.
func fileToken(path string) (string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		token := NewToken()
		if err := writeToken(path, token); err != nil {
			return "", fmt.Errorf("write owner token: %w", err)
		}
		return token, nil
	}
	if err != nil {
		return "", fmt.Errorf("read owner token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if err := CheckText(token); err != nil {
		return "", fmt.Errorf("read owner token %s: %w; delete the file to get a new token", path, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("read owner token: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("read owner token: %s has mode %04o, so others may read it; run chmod 600 on it, or delete it to get a new token", path, info.Mode().Perm())
	}
	return token, nil
}

// writeToken makes the file, whole or not at all, mode 0600.
func writeToken(path, token string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".token-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(token + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
