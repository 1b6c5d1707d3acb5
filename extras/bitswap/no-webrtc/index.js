const unused = () => {
  throw new Error('WebRTC is not part of this package');
};
export { unused as webRTC, unused as webRTCDirect };
