//go:build race

package e2e

// raceEnabled says that the tests run with the race detector, and so must
// the program.
const raceEnabled = true
