package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/cistern-cdn/cistern/internal/control/api"
	"github.com/cistern-cdn/cistern/internal/control/auth"
	"github.com/cistern-cdn/cistern/internal/control/publish"
	"github.com/cistern-cdn/cistern/internal/control/store"
	"github.com/cistern-cdn/cistern/internal/control/vault"
)

const tokenFile = auth.TokenFile

// A control is the control plane of a process.
type control struct {
	store     *store.Store
	publisher *publish.Publisher
	handler   http.Handler

	edgeUUID string // of the edge in this process
}

// openControl opens the stored configuration and what works on it.
func openControl(ctx context.Context, p *process) (*control, error) {
	st, err := store.Open(ctx, store.Options{Dir: filepath.Join(p.Data, "store"), Log: p.log})
	if err != nil {
		return nil, err
	}
	c, err := newControl(ctx, p, st)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return c, nil
}

func newControl(ctx context.Context, p *process, st *store.Store) (*control, error) {
	c := &control{store: st}
	var sealed bool
	if err := st.View(ctx, func(r *store.Reader) (err error) {
		sealed, err = r.HasSecrets()
		return err
	}); err != nil {
		return nil, fmt.Errorf("read store: %w", err)
	}
	v, err := vault.Load(filepath.Join(p.Data, "vault.key"), sealed)
	if err != nil {
		return nil, err
	}
	a, err := auth.Open(ctx, auth.Options{Store: st, Dir: p.Data, AdminToken: p.AdminToken})
	if err != nil {
		return nil, err
	}
	if c.edgeUUID, err = edgeUUID(filepath.Join(p.Data, "edge.uuid")); err != nil {
		return nil, err
	}
	c.publisher = publish.New(publish.Options{Store: st, Vault: v, Hub: p.hub, Log: p.log})
	c.handler, err = api.New(api.Options{
		Store: st, Vault: v, Auth: a, Publisher: p.hub,
		Addresses:  p.AllowPrivateOrigins.AddressPolicy,
		BaseDomain: string(p.BaseDomain),
		Version:    p.version,
		Log:        p.log,
	})
	return c, err
}

func (c *control) close() error { return c.store.Close() }

// edgeName is the name of the edge that lives in the control plane's process.
const edgeName = "local"

// edgeUUID reads the identity of this process's edge, which is made at its
// first start.
func edgeUUID(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err == nil && len(text) > 0 {
		return strings.TrimSpace(string(text)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read edge identity: %w", err)
	}
	uuid := store.NewUUID()
	if err := os.WriteFile(path, []byte(uuid+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("write edge identity: %w", err)
	}
	return uuid, nil
}
