package s3test

import (
	"sync"

	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/s3err"
)

// keys are the access keys of a server besides its root key. versitygw asks
// it on every request, so that a change acts on the next one.
type keys struct {
	mu      sync.Mutex
	secrets map[string]string // by access key; guarded by mu
}

var _ auth.IAMService = (*keys)(nil)

func newKeys() *keys { return &keys{secrets: map[string]string{}} }

func (k *keys) set(accessKey, secret string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.secrets[accessKey] = secret
}

func (k *keys) drop(accessKey string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.secrets, accessKey)
}

// GetUserAccount returns an account that may read and write every bucket.
func (k *keys) GetUserAccount(accessKey string) (auth.Account, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	secret, ok := k.secrets[accessKey]
	if !ok {
		return auth.Account{}, auth.ErrNoSuchUser
	}
	return auth.Account{Access: accessKey, Secret: secret, Role: auth.RoleAdmin}, nil
}

// ResolveAccounts returns the access keys that do not exist.
func (k *keys) ResolveAccounts(accessKeys []string) ([]string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	missing := []string{}
	for _, accessKey := range accessKeys {
		if _, ok := k.secrets[accessKey]; !ok {
			missing = append(missing, accessKey)
		}
	}
	return missing, nil
}

// The rest of the interface serves versitygw's admin API, which tests have
// no use for.

func (k *keys) CreateAccount(auth.Account) error { return notSupported() }

func (k *keys) UpdateUserAccount(string, auth.MutableProps) error { return notSupported() }

func (k *keys) DeleteUserAccount(string) error { return notSupported() }

func (k *keys) ListUserAccounts() ([]auth.Account, error) { return nil, notSupported() }

func (k *keys) Shutdown() error { return nil }

func notSupported() error { return s3err.GetAPIError(s3err.ErrAdminMethodNotSupported) }
