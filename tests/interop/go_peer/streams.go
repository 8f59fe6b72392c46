package main

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
)

const chunkSize = 32 * 1024

// streams are the links that were taken from the pool, by their ids.
type streams struct {
	pool    *pool
	control link // of the load's client

	mu    sync.Mutex
	taken map[string]*stream
}

type stream struct {
	net.Conn
	reader *bufio.Reader
}

func newStreams(p *pool) *streams {
	return &streams{pool: p, taken: make(map[string]*stream)}
}

// run carries out one command of the controlling program.
func (s *streams) run(verb string, args []string) (string, error) {
	switch verb {
	case "any":
		return s.hold(s.pool.incomingGet())
	case "fetch":
		return s.hold(s.pool.outgoingGet(args[0]))
	}
	if result, found, err := s.runLoad(verb, args); found {
		return result, err
	}
	taken, err := s.find(args[0])
	if err != nil {
		return "", err
	}
	switch verb {
	case "send":
		return taken.send(args[1])
	case "receive":
		return taken.receive(args[1])
	case "tell":
		_, err := taken.Write([]byte(args[1] + "\n"))
		return "", err
	case "hear":
		line, err := taken.reader.ReadString('\n')
		return line[:max(len(line)-1, 0)], err
	case "end":
		return taken.end()
	case "close":
		return "", taken.Close()
	}
	return "", fmt.Errorf("unknown verb %q", verb)
}

func (s *streams) hold(l link, err error) (string, error) {
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken[l.id] = &stream{l.conn, bufio.NewReaderSize(l.conn, chunkSize)}
	return l.id, nil
}

func (s *streams) find(id string) (*stream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken, found := s.taken[id]
	if !found {
		return nil, fmt.Errorf("stream %s was not taken", id)
	}
	return taken, nil
}

// send writes this many random bytes and tells their SHA-256.
func (s *stream) send(count string) (string, error) {
	size, err := strconv.ParseInt(count, 10, 64)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	source := io.TeeReader(io.LimitReader(rand.Reader, size), hash)
	// Hides the connection's other methods, so that each chunk is one message of this size.
	_, err = io.CopyBuffer(struct{ io.Writer }{s.Conn}, source, make([]byte, chunkSize))
	return fmt.Sprintf("%x", hash.Sum(nil)), err
}

// receive reads this many bytes and tells their SHA-256.
func (s *stream) receive(count string) (string, error) {
	size, err := strconv.ParseInt(count, 10, 64)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	_, err = io.CopyN(hash, s.reader, size)
	return fmt.Sprintf("%x", hash.Sum(nil)), err
}

// end reads to the end of the stream and tells how many bytes were left.
func (s *stream) end() (string, error) {
	count, err := io.Copy(io.Discard, s.reader)
	return strconv.FormatInt(count, 10), err
}
