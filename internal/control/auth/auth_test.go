package auth

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cistern-cdn/cistern/internal/control/store"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
)

func openStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func start(t *testing.T, s *store.Store, dir, env string) *Auth {
	t.Helper()
	a, err := Open(t.Context(), Options{Store: s, Dir: dir, AdminToken: env})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// code authenticates a header and returns the code of the refusal, "" if
// there is none.
func code(t *testing.T, a *Auth, header string) catalog.API {
	t.Helper()
	c, err := a.Authenticate(t.Context(), header)
	var e *Error
	switch {
	case err == nil && (c.Role != store.RoleOwner || !c.Operator || c.Account == "" || c.Name == ""):
		t.Errorf("Authenticate = %+v; want an owner of the operator account", c)
	case err != nil && !errors.As(err, &e):
		t.Fatal(err)
	case e != nil:
		return e.Code
	}
	return ""
}

const (
	first  = "first-admin-token-$1"
	second = "second-admin-token-2"
)

func TestAuthenticate(t *testing.T) {
	a := start(t, openStore(t), t.TempDir(), first)
	tests := []struct {
		header string
		want   catalog.API
	}{
		{"Bearer " + first, ""},
		{"bearer  " + first + " ", ""},
		{"", catalog.APIUnauthenticated},
		{"Bearer", catalog.APIUnauthenticated},
		{"Bearer ", catalog.APIUnauthenticated},
		{"Bearer " + second, catalog.APIUnauthenticated},
		{"Bearer " + first[:19], catalog.APIUnauthenticated},
		{"APIKey " + first, catalog.APIAuthSchemeUnsupported},
		{"Basic " + first, catalog.APIAuthSchemeUnsupported},
		{first, catalog.APIAuthSchemeUnsupported},
	}
	for _, tt := range tests {
		if got := code(t, a, tt.header); got != tt.want {
			t.Errorf("Authenticate(%q) = %q; want %q", tt.header, got, tt.want)
		}
	}
}

func TestRevokedExpiredSuspended(t *testing.T) {
	s := openStore(t)
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	a, err := Open(t.Context(), Options{Store: s, Dir: t.TempDir(), AdminToken: first, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(*store.Token, *store.Account)
		want   catalog.API
	}{
		{"expires later", func(k *store.Token, _ *store.Account) { k.ExpiresAt = now.Add(1) }, ""},
		{"expires now", func(k *store.Token, _ *store.Account) { k.ExpiresAt = now }, catalog.APITokenExpired},
		{"revoked", func(k *store.Token, _ *store.Account) { k.RevokedAt = now }, catalog.APITokenRevoked},
		{"suspended", func(_ *store.Token, c *store.Account) { c.Status = store.AccountSuspended }, catalog.APIAccountSuspended},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := s.Update(t.Context(), "test", func(tx *store.Tx) error {
				k, err := tx.TokenByHash(hash(first))
				if err != nil {
					return err
				}
				c, err := tx.Account(k.Account)
				if err != nil {
					return err
				}
				k.ExpiresAt, k.RevokedAt, c.Status = time.Time{}, time.Time{}, store.AccountActive
				tt.change(k, c)
				return errors.Join(tx.PutToken(k), tx.PutAccount(c))
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := code(t, a, "Bearer "+first); got != tt.want {
				t.Errorf("Authenticate = %q; want %q", got, tt.want)
			}
		})
	}
}

// Each start says what the owner tokens are.
func TestOwnerTokenIsDeclarative(t *testing.T) {
	s, dir := openStore(t), t.TempDir()
	path := filepath.Join(dir, TokenFile)

	start(t, s, dir, first)
	if _, err := os.Stat(path); err == nil {
		t.Error("a token file was written although the environment sets the token")
	}
	a := start(t, s, dir, second)
	if got := code(t, a, "Bearer "+first); got != catalog.APIUnauthenticated {
		t.Errorf("replaced token: %q; want unauthenticated", got)
	}
	if got := code(t, a, "Bearer "+second); got != "" {
		t.Errorf("new token: %q", got)
	}

	a = start(t, s, dir, "")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	generated := strings.TrimSpace(string(text))
	if !regexp.MustCompile(`^cst_[A-Za-z0-9_-]{43}$`).MatchString(generated) {
		t.Errorf("generated token has the wrong form")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("token file: %v, %v; want mode 0600", info, err)
	}
	if got := code(t, a, "Bearer "+second); got != catalog.APIUnauthenticated {
		t.Errorf("token of an earlier environment: %q; want unauthenticated", got)
	}
	a = start(t, s, dir, "")
	if got := code(t, a, "Bearer "+generated); got != "" {
		t.Errorf("generated token after a restart: %q", got)
	}

	// The same text from both places is one token, and outlives either.
	start(t, s, dir, generated)
	a = start(t, s, dir, "")
	if got := code(t, a, "Bearer "+generated); got != "" {
		t.Errorf("token that was in both places: %q", got)
	}

	// A deleted file is the way back in.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	a = start(t, s, dir, "")
	if got := code(t, a, "Bearer "+generated); got != catalog.APIUnauthenticated {
		t.Errorf("token whose file was deleted: %q; want unauthenticated", got)
	}
	err = s.View(t.Context(), func(r *store.Reader) error {
		accounts, err := r.Accounts()
		if len(accounts) != 1 || !accounts[0].IsOperator || accounts[0].ID != 1 {
			t.Errorf("accounts after all starts: %+v; want one operator", accounts)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	s := openStore(t)
	tests := []struct {
		name string
		env  string
		file string
		mode os.FileMode
		err  string
	}{
		{name: "short", env: "nineteen-characters", err: "read CISTERN_ADMIN_TOKEN: a token must have 20 to 255 characters"},
		{name: "long", env: strings.Repeat("x", 256), err: "20 to 255"},
		{name: "blank", env: "with blanks in the middle of it", err: "visible ASCII"},
		{name: "letters", env: "ünicode-token-is-not-ascii", err: "visible ASCII"},
		{name: "short file", file: "short", mode: 0o600, err: "delete the file"},
		{name: "open file", file: second, mode: 0o644, err: "mode 0644"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if tt.file != "" {
				if err := os.WriteFile(filepath.Join(dir, TokenFile), []byte(tt.file), tt.mode); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Open(t.Context(), Options{Store: s, Dir: dir, AdminToken: tt.env})
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("Open = %v; want %q", err, tt.err)
			}
			if err != nil && tt.env != "" && strings.Contains(err.Error(), tt.env) {
				t.Errorf("Open = %v: shows the token", err)
			}
		})
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	s, err := store.Open(b.Context(), store.Options{Dir: b.TempDir(), Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	a, err := Open(context.Background(), Options{Store: s, Dir: b.TempDir(), AdminToken: first})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := a.Authenticate(b.Context(), "Bearer "+first); err != nil {
			b.Fatal(err)
		}
	}
}
