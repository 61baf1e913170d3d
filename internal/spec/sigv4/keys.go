package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"
)

const (
	maxKeys    = 4096
	secondsDay = 24 * 60 * 60
	// deriveNext is the second of a day from which the next day's key is made
	// ready, so that midnight costs no request anything.
	deriveNext = secondsDay - 5*60
)

// Keys remembers the signing keys of days, which are costly to derive. It is
// shared by signers and safe for concurrent use. It holds at most 4,096 keys;
// beyond, those of past days go first. The zero value is ready for use.
type Keys struct {
	mu sync.Mutex
	m  map[keyID]*dayKey // guarded by mu
}

// NewKeys returns an empty cache.
func NewKeys() *Keys { return &Keys{} }

// A keyID names a signing key by all that it depends on. The secret is part
// of it, hashed: versions count per credential, and two credentials may share
// an access key while one of them has a mistyped secret.
type keyID struct {
	accessKey       string
	secret          [sha256.Size]byte
	version         int64
	region, service string
	day             int64 // since 1970
}

// A dayKey is an HMAC key, ready for use: padded, and combined with the two
// constants of RFC 2104.
type dayKey struct {
	day          int64
	inner, outer [sha256.BlockSize]byte
}

// newHMAC prepares key for HMAC-SHA-256.
func newHMAC(key []byte) *dayKey {
	k := new(dayKey)
	if len(key) > sha256.BlockSize {
		sum := sha256.Sum256(key)
		key = sum[:]
	}
	copy(k.inner[:], key)
	k.outer = k.inner
	for i := range k.inner {
		k.inner[i] ^= 0x36
		k.outer[i] ^= 0x5c
	}
	return k
}

// end completes an HMAC: message begins with k.inner.
func (k *dayKey) end(message []byte) [sha256.Size]byte {
	var outer [sha256.BlockSize + sha256.Size]byte
	sum := sha256.Sum256(message)
	copy(outer[:], k.outer[:])
	copy(outer[sha256.BlockSize:], sum[:])
	return sha256.Sum256(outer[:])
}

// sign signs the hash of a canonical request.
func (k *dayKey) sign(date []byte, scope string, hash *[sha256.Size]byte) [sha256.Size]byte {
	var room [384]byte
	b := append(room[:0], k.inner[:]...)
	b = appendStringToSign(b, date, scope, hash)
	return k.end(b)
}

func appendStringToSign(b, date []byte, scope string, hash *[sha256.Size]byte) []byte {
	b = append(b, algorithm+"\n"...)
	b = append(b, date...)
	b = append(b, '\n')
	b = append(b, date[:8]...)
	b = append(b, scope...)
	b = append(b, '\n')
	return hex.AppendEncode(b, hash[:])
}

// derive returns the signing key of a day, an HMAC key itself.
func derive(secret, date, region, service string) [sha256.Size]byte {
	var sum [sha256.Size]byte
	key := []byte("AWS4" + secret)
	for _, text := range [...]string{date, region, service, terminator} {
		k := newHMAC(key)
		sum = k.end(append(k.inner[:], text...))
		key = sum[:]
	}
	return sum
}

// day returns the key for signatures made at t.
func (s *Signer) day(t time.Time) *dayKey {
	unix := t.Unix()
	day, second := unix/secondsDay, unix%secondsDay
	if second < 0 {
		day, second = day-1, second+secondsDay
	}
	key := s.dayKey(day)
	if second >= deriveNext {
		s.dayKey(day + 1)
	}
	return key
}

func (s *Signer) dayKey(day int64) *dayKey {
	p := &s.days[day&1]
	if key := p.Load(); key != nil && key.day == day {
		return key
	}
	id := s.id
	id.day = day
	key := s.keys.get(id, s.cred.Secret)
	p.Store(key)
	return key
}

func (k *Keys) get(id keyID, secret string) *dayKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	if key := k.m[id]; key != nil {
		return key
	}
	var room [len(timeLayout)]byte
	date := appendTime(room[:0], time.Unix(id.day*secondsDay, 0))[:8]
	sum := derive(secret, string(date), id.region, id.service)
	key := newHMAC(sum[:])
	key.day = id.day
	if k.m == nil {
		k.m = make(map[keyID]*dayKey)
	}
	if len(k.m) >= maxKeys {
		k.evict(id.day)
	}
	k.m[id] = key
	return key
}

// evict makes room: it drops the keys of days before day or, if there are
// none, any one. The caller holds mu.
func (k *Keys) evict(day int64) {
	for id := range k.m {
		if id.day < day {
			delete(k.m, id)
		}
	}
	if len(k.m) < maxKeys {
		return
	}
	for id := range k.m {
		delete(k.m, id)
		return
	}
}
